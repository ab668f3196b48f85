/**
 * A compiled model without a compiler: scores of the next item from the last one, a·b + c, trained with sampled negatives
 * and AdaGrad in plain arithmetic. It really learns, its randomness is a function of (seed, step), and it can be spoilt.
 */
import { left, right } from 'fp-ts/lib/Either.js';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import type { Data, Manifest, Session, StateInfo, TensorInfo } from '../../runtime/contract/session.js';

export interface Toy {
  readonly width?: number;
  readonly rate?: number;
  /** Milliseconds that a training step sleeps, so that kills land inside runs. */
  readonly delay?: number;
  /** The step whose very last gradient is made infinite: its own loss is still finite, its update is not. */
  readonly poison?: number;
  /** Fail at this step, as a lost device does. */
  readonly lost?: number;
  /** Rows reported as unconverged at every step. */
  readonly unconverged?: number;
  readonly hash?: string;
}

const negatives = 20;
const length = 50;
const tensor = (name: string, ...axes: readonly string[]): TensorInfo => ({ name, dtype: 'i32', axes, shape: axes });

const manifestOf = ({ width = 16, hash = '5'.repeat(64) }: Toy): Manifest => {
  const state = (name: string, role: StateInfo['role'], shape: readonly (string | number)[]): StateInfo => ({
    name,
    role,
    dtype: 'f32',
    axes: shape.length === 1 ? ['item'] : ['item', 'width'],
    shape,
    init:
      role === 'slot'
        ? { kind: 'constant', value: 1e-6 }
        : name === 'c'
          ? { kind: 'constant', value: 0 }
          : { kind: 'truncatedNormal', std: 0.1 },
  });
  const of = (role: StateInfo['role'], suffix: string) => [
    state(`a${suffix}`, role, ['items', width]),
    state(`b${suffix}`, role, ['items', width]),
    state(`c${suffix}`, role, ['items']),
  ];
  const past = [tensor('items', 'batch', 'seq'), tensor('seq.lengths', 'batch')];
  return {
    format: 1,
    model: 'toy',
    source: 'test/runtime/toy.ts',
    hyper: { width, epochs: 12, batch: 64, patience: 3 },
    length,
    hash,
    states: [...of('parameter', ''), ...of('slot', '.g')],
    entries: {
      train: { inputs: [...past, tensor('targets', 'batch', 'seq'), tensor('step')], outputs: [tensor('loss')] },
      rank: {
        inputs: [...past, tensor('target', 'batch'), tensor('seen', 'batch', 'seen'), tensor('seen.lengths', 'batch')],
        outputs: [tensor('rank', 'batch')],
      },
      score: { inputs: past, outputs: [tensor('scores', 'batch', 'items')] },
      vectors: {
        inputs: past,
        outputs: [
          { ...tensor('user', 'batch', 'width'), shape: ['batch', width] },
          { ...tensor('item', 'item', 'width'), shape: ['items', width] },
          tensor('bias', 'items'),
        ],
      },
      explain: {
        inputs: [...past, tensor('wanted', 'batch')],
        outputs: [tensor('score', 'batch'), tensor('influence', 'batch', 'seq')],
      },
    },
  };
};

type Inputs = Readonly<Record<string, Data>>;
const get = (inputs: Inputs, name: string): Data => {
  const found = inputs[name];
  if (found === undefined) throw new Error(`no input ${name}`);
  return found;
};
const f = Math.fround;

const session = (toy: Toy, manifest: Manifest, sizes: Readonly<Record<string, number>>): Session => {
  const { width = 16, rate = 0.1, delay = 0, poison, lost, unconverged } = toy;
  const items = sizes['items'] ?? 0;
  const batch = sizes['batch'] ?? 0;
  const shape = ({ shape: of }: StateInfo) =>
    of.reduce<number>((n, s) => n * (typeof s === 'number' ? s : (sizes[s] ?? 0)), 1);
  const states = new Map(manifest.states.map((info) => [info.name, new Float32Array(shape(info))]));
  const at = (name: string): Float32Array => states.get(name) as Float32Array;

  const score = (from: number, to: number): number => {
    const [a, b, c] = [at('a'), at('b'), at('c')];
    let sum = c[to] as number;
    for (let k = 0; k < width; k++) sum += (a[from * width + k] as number) * (b[to * width + k] as number);
    return f(sum);
  };
  const update = (name: string, i: number, gradient: number): void => {
    const [w, g] = [at(name), at(`${name}.g`)];
    g[i] = (g[i] as number) + gradient * gradient;
    w[i] = (w[i] as number) - (rate * gradient) / Math.sqrt(g[i] as number);
  };

  /** One pass over the batch; with `learn` the states advance. Returns what an inspection shows. */
  const pass = (inputs: Inputs, { seed, step }: { seed: number; step: number }, learn: boolean) => {
    const [past, targets, lengths] = [get(inputs, 'items'), get(inputs, 'targets'), get(inputs, 'seq.lengths')];
    if (get(inputs, 'step')[0] !== step) throw new Error('the step input is not the step');
    const random = stream(seed, step, 'negatives');
    const scores: number[] = [];
    const gradients: number[] = [];
    let [loss, count, drawn] = [0, 0, 0];
    const rows = lengths.findLastIndex((n) => n > 0);
    for (let row = 0; row < batch; row++) {
      for (let t = 0; t < (lengths[row] as number); t++) {
        const [from, to] = [past[row * length + t] as number, targets[row * length + t] as number];
        const rivals = Array.from({ length: negatives }, () => Math.floor(uniformAt(random, drawn++) * items)).filter(
          (n) => n !== to,
        );
        const all = [to, ...rivals];
        const logits = all.map((j) => score(from, j));
        const most = Math.max(...logits);
        const weights = logits.map((x) => Math.exp(x - most));
        const total = weights.reduce((x, y) => x + y, 0);
        scores.push(...logits);
        loss -= Math.log((weights[0] as number) / total);
        count++;
        const spoil =
          step === poison && row === rows && t === (lengths[row] as number) - 1 ? Number.POSITIVE_INFINITY : 1;
        all.forEach((j, n) => {
          const g = spoil * ((weights[n] as number) / total - (n === 0 ? 1 : 0));
          gradients.push(g);
          if (!learn) return;
          for (let k = 0; k < width; k++) {
            const [a, b] = [at('a')[from * width + k] as number, at('b')[j * width + k] as number];
            update('a', from * width + k, g * b);
            update('b', j * width + k, g * a);
          }
          update('c', j, g);
        });
      }
    }
    return { scores, gradients, loss: f(loss / count) };
  };

  const last = (inputs: Inputs, row: number): number =>
    get(inputs, 'items')[row * length + Math.max(0, (get(inputs, 'seq.lengths')[row] as number) - 1)] as number;
  const seen = sizes['seen'] ?? 0;
  const run: Session['run'] = async (entry, inputs, random) => {
    if (
      Object.keys(inputs).sort().join() !==
      (manifest.entries[entry]?.inputs.map(({ name }) => name) ?? []).sort().join()
    )
      throw new Error(`inputs of ${entry}: ${Object.keys(inputs).join()}`);
    if (entry === 'train') {
      if (random.step === lost) throw new Error('the device was lost');
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      const { loss } = pass(inputs, random, true);
      return {
        loss: Float32Array.of(loss),
        ...(unconverged === undefined ? {} : { unconverged: Float32Array.of(unconverged) }),
      };
    }
    if (entry === 'score') {
      return {
        scores: Float32Array.from({ length: batch * items }, (_, i) =>
          score(last(inputs, Math.floor(i / items)), i % items),
        ),
      };
    }
    if (entry === 'vectors') {
      const rows = Array.from({ length: batch }, (_, row) => last(inputs, row));
      const user = rows.flatMap((item) => [...at('a').subarray(item * width, (item + 1) * width)]);
      return { user: Float32Array.from(user), item: at('b').slice(), bias: at('c').slice() };
    }
    if (entry === 'explain') {
      const influence = new Float32Array(batch * length);
      const scores = Float32Array.from(get(inputs, 'wanted'), (wanted, row) => {
        const found = score(last(inputs, row), wanted);
        influence[row * length + Math.max(0, (get(inputs, 'seq.lengths')[row] as number) - 1)] =
          found - (at('c')[wanted] as number);
        return found;
      });
      return { score: scores, influence };
    }
    const rank = Float32Array.from({ length: batch }, (_, row) => {
      const met = new Set(
        Array.from(get(inputs, 'seen').subarray(row * seen, row * seen + (get(inputs, 'seen.lengths')[row] as number))),
      );
      const [from, wanted] = [last(inputs, row), get(inputs, 'target')[row] as number];
      const bar = score(from, wanted);
      if (Number.isNaN(bar)) return Number.NaN;
      let better = 0;
      for (let j = 0; j < items; j++) if (j !== wanted && !met.has(j) && score(from, j) >= bar) better++;
      return 1 + better;
    });
    return { rank };
  };

  return {
    backend: 'toy (plain arithmetic)',
    run,
    inspect: async (_, inputs, random) => {
      const { scores, gradients, loss } = pass(inputs, random, false);
      return [
        ...[...states].map(([name, data]) => ({ name, data })),
        { name: 'scores', data: Float32Array.from(scores) },
        { name: 'loss', data: Float32Array.of(loss) },
        { name: 'gradient', data: Float32Array.from(gradients) },
      ];
    },
    read: async () => Object.fromEntries([...states].map(([name, data]) => [name, data.slice()])),
    write: async (values) => Object.entries(values).forEach(([name, data]) => at(name).set(data)),
    dispose: async () => undefined,
  };
};

export const toy = (options: Toy = {}): CompiledModel => {
  const manifest = manifestOf(options);
  return {
    manifest,
    open: async (device, sizes) =>
      device === 'auto' || device === 'cpu'
        ? right(session(options, manifest, sizes))
        : left(`${device} is not here: the toy runs on --device cpu only.`),
    explain: async () =>
      right({ entry: manifest.entries['explain']!, open: async (sizes) => right(session(options, manifest, sizes)) }),
  };
};
