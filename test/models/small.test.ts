/**
 * Every model at sizes of one and two: axes of one position, tiles that are never full, rows without positions, a row that is
 * missing. On every device that Node has, against the reference.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { compile, programsOf } from '../../compiler/compile.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import type { HyperValue, Model } from '../../dsl/model.js';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import type { Session } from '../../runtime/contract/session.js';
import { data, open } from '../gpu/sessions.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { environment, plain, type Scale, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { models } from '../support/zoo.js';
import { opened } from '../wasm/sessions.js';

interface Small {
  readonly length: number;
  readonly width: number;
  readonly batch: number;
  readonly blocks: number;
  readonly heads: number;
  readonly items: number;
}
const sizes = (length: number, width: number, batch: number, blocks: number, heads: number, items: number): Small => ({
  length,
  width,
  batch,
  blocks,
  heads,
  items,
});
/** Any two sizes meet in each of their values, but heads that a width has no room for. */
const smalls: readonly Small[] = [
  sizes(1, 1, 1, 1, 1, 1),
  sizes(1, 2, 2, 2, 2, 2),
  sizes(2, 1, 2, 1, 1, 2),
  sizes(2, 2, 1, 2, 1, 1),
  sizes(1, 2, 2, 1, 1, 1),
  sizes(2, 2, 2, 1, 2, 2),
  sizes(1, 1, 1, 2, 1, 2),
];
/** gpu.js, which takes its time to compile, is tried at some sizes alone. */
const also: ReadonlyMap<Small, DeviceName> = new Map([
  [smalls[1]!, 'cpu'],
  [smalls[2]!, 'webasm'],
]);

/** A model's own sizes, as small as they may be. */
const own: Readonly<Record<string, HyperValue>> = {
  hidden: 1,
  states: 1,
  taps: 1,
  miniBatch: 1,
  negatives: 1,
  dropout: 0.5,
};

const devicesFor = (small: Small): readonly DeviceName[] => ['wasm', ...(also.has(small) ? [also.get(small)!] : [])];

/** What presets say beside sizes, each once. */
const settings = (model: Model): readonly (readonly [string, Readonly<Record<string, HyperValue>>])[] => {
  const all = Object.entries(model.presets).map(
    ([name, preset]) =>
      [
        name,
        Object.fromEntries(Object.entries(preset).filter(([key]) => !(key in own) && !(key in smalls[0]!))),
      ] as const,
  );
  return all.filter(
    ([, preset], i) => all.findIndex(([, other]) => JSON.stringify(other) === JSON.stringify(preset)) === i,
  ) as never;
};

/** Rotations turn pairs of a head's channels. */
const turning: ReadonlySet<string> = new Set(['llama', 'ttt4rec']);
const admitted =
  (model: Model) =>
  (small: Small): Small =>
    turning.has(model.name) ? { ...small, width: 2 * small.width } : small;

const cases = models.flatMap((model) =>
  settings(model).flatMap(([preset, over]) =>
    smalls
      .filter(({ heads }, i) => 'heads' in model.hyper || heads === 1 || i % 2 === 1)
      .map((size) => ({ size, small: admitted(model)(size) }))
      .map(
        ({ size, small }) =>
          [
            `${model.name}, ${preset}, ${Object.entries(small)
              .map(([k, v]) => `${k} ${v}`)
              .join(', ')}`,
            model,
            over,
            small,
            devicesFor(size),
          ] as const,
      ),
  ),
);

/** Lengths of rows, and how many rows are missing: rows without positions among them, and none but those. */
const batches = ({ length, batch }: Small): readonly (readonly [readonly number[], number])[] =>
  batch === 1
    ? [
        [[length], 0],
        [[0], 0],
      ]
    : [
        [[length, 0], 0],
        [[0, length], 0],
        [[length, length], 1],
        [[length, 0], 1],
        [[0, 0], 2],
      ];

const scaleOf = ({ items, batch, width }: Small, lengths: readonly number[], missing: number): Scale => ({
  sizes: { batch, items, seen: 1, item_genre_values: items, item_text_width: width, event_instruction_width: width },
  inputs: {
    'seq.lengths': lengths,
    'seen.lengths': lengths.map((_, i) => (i === 1 ? 1 : 0)),
    'batch.missing': [missing],
  },
});

/** What a program means at a scale: inputs and states, and every result, in memory order. */
const meaning = (program: Program, scale: Scale) => {
  const env = environment([program], scale);
  const roots = rootsOf(program);
  const values = evaluate(roots, env);
  const given = givenOf(roots, env);
  const names = [...Object.keys(program.outputs), ...Object.keys(program.updates)];
  return {
    env,
    given,
    results: Object.fromEntries(names.map((name, i) => [name, reorder(values[i]!.data, values[i]!.axes, env.sizes)])),
  };
};
type Meaning = ReturnType<typeof meaning>;

/** float32 beside float64; a cell of a row that is missing may be anything. */
const off = (got: ArrayLike<number>, want: ArrayLike<number>, rows: number): boolean =>
  Array.from(want).some((x, i) => i < rows && !(Math.abs(got[i]! - x) <= 2e-4 * Math.max(1, Math.abs(x))));

/** Ranks that some rounding of these scores gives. */
const isRank = (
  rank: number,
  row: number,
  scores: Float64Array,
  { items, batch }: Small,
  { given }: Meaning,
): boolean => {
  const of = Array.from(scores.subarray(row * items, (row + 1) * items));
  const target = given['target']![row]!;
  const seen = given['seen.lengths']![row] === 0 ? [] : [given['seen']![row * (given['seen']!.length / batch)]!];
  const least = (by: number): number =>
    of.filter((s, i) => i === target || s >= of[target]! + by).length -
    seen.filter((i) => of[i]! >= of[target]! + by).length;
  const bounds = [least(1e-4), least(-1e-4)];
  return rank >= Math.min(...bounds) - seen.length && rank <= Math.max(...bounds) + seen.length;
};

const divided = models.filter((m) => 'heads' in m.hyper).map((m) => [m.name, m] as const);
it.each(divided)('%s refuses heads that its width has no room for', (_, model) => {
  expect(() => traced(model, { ...own, ...sizes(1, 1, 1, 1, 2, 1) })).toThrow(/heads/);
});

describe.each(cases)('%s', (_, model, over, small, devices) => {
  const hyper = {
    ...Object.fromEntries(Object.entries({ ...own, ...small }).filter(([name]) => name in model.hyper)),
    ...over,
  };
  const sessions: Session[] = [];
  afterAll(async () => {
    // Every case of the file stays in memory, and so would its sessions.
    for (const s of sessions.splice(0)) await s.dispose();
  });

  it('means on every device what it means', async () => {
    const model1 = traced(model, hyper);
    const [train, rank, score] = programsOf(model1).map(plain) as [Program, Program, Program];
    const { loops } = rightOf(compile(model1));
    const wrong: string[] = [];
    for (const device of devices) {
      const { sizes: symbols } = scaleOf(small, [], 0);
      const session =
        device === 'wasm' ? await opened(loops, symbols, { threads: 1 }) : await open(loops, device, symbols);
      sessions.push(session);
      const run = async (entry: string, { given, env }: Meaning) => {
        const buffers = new Map(loops.entries.find((e) => e.name === entry)!.buffers.map((b) => [b.id, b.role]));
        const states = Object.fromEntries(
          Object.entries(given)
            .filter(([id]) => buffers.get(id) === 'state')
            .map(([id, list]) => [id, Float32Array.from(list)]),
        );
        const inputs = Object.fromEntries(
          Object.entries(given)
            .filter(([id]) => buffers.get(id) === 'input')
            .map(([id, list]) => [id, Array.from(list)]),
        );
        await session.write(states);
        return session.run(entry, data(loops, inputs), env.random!);
      };
      for (const [lengths, missing] of batches(small)) {
        const scale = scaleOf(small, lengths, missing);
        const say = (name: string): void =>
          void wrong.push(`${device}: ${name} of rows of ${lengths.join()}, ${missing} missing`);
        const step = meaning(train, scale);
        const got = { ...(await run('train', step)), ...(await session.read()) };
        for (const [name, want] of Object.entries(step.results)) if (off(got[name]!, want, Infinity)) say(name);
        const [scored, ranked] = [meaning(score, scale), meaning(rank, scale)];
        const scores = (await run('score', scored))['scores']!;
        if (off(scores, scored.results['scores']!, (small.batch - missing) * small.items)) say('scores');
        const ranks = (await run('rank', ranked))['rank']!;
        for (let row = 0; row < small.batch - missing; row++)
          if (!isRank(ranks[row]!, row, scored.results['scores']!, small, ranked)) say(`rank ${ranks[row]}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
