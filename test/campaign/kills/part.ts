/** Trainings that are killed at any moment and resumed until they end: in the bytes of one that was not, and no file ever broken. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import { parse } from '../../../runtime/checkpoint.js';
import type { Manifest } from '../../../runtime/contract/session.js';
import { stream } from '../../generators/axes.js';
import { mixed } from '../numbers.js';
import type { Fault, Json, Part, Verdict } from '../part.js';
import { type Ended, type Kill, manifestPath, prepare, reading, resuming, run, training } from './trainer.js';

interface Case {
  readonly seed: number;
  /** Of the run that is begun, and of those that resume it: results do not hang on them. */
  readonly threads: readonly [number, number];
  readonly kills: readonly Kill[];
  /** What is killed once the training has ended. */
  readonly then: readonly { readonly command: keyof typeof reading; readonly kill: Kill }[];
}

const names = ['best.safetensors', 'last.safetensors'] as const;
type Files = Readonly<Record<string, Buffer>>;
/** Without `previous`, where the log goes of a run that was killed before its first checkpoint. */
const filesOf = (folder: string): Files =>
  Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((e) => e.isFile())
      .map(({ name }) => name)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
const fault = (kind: string, expected: string, found: string): Fault => ({
  kind,
  expected,
  found: found.slice(0, 2000),
});

/** Records without what a clock or a resumption says. */
const told = (text: string, kind: string): readonly string[] =>
  text
    .split('\n')
    .filter((l) => l.includes(`"kind":"${kind}"`))
    .map((l) => {
      const { seconds: _, ...record } = JSON.parse(l) as Record<string, unknown>;
      return JSON.stringify(record);
    });

/** What is on disk after a kill: whole checkpoints or none, and never an earlier one than before. */
const broken = (folder: string, manifest: Manifest, before: number): Fault | number => {
  let last = before;
  for (const name of names) {
    const path = join(folder, name);
    if (!existsSync(path)) {
      if (name === 'last.safetensors' && before >= 0)
        return fault('a checkpoint is gone after a kill', name, readdirSync(folder).join(' '));
      continue;
    }
    const read = parse(manifest, readFileSync(path));
    if (isLeft(read)) return fault('a checkpoint cannot be read after a kill', 'a whole file', `${name}: ${read.left}`);
    if (name === 'last.safetensors') last = read.right.progress.step;
  }
  return last < before ? fault('a checkpoint is older after a kill', `step ${before} or later`, `step ${last}`) : last;
};

interface Whole {
  readonly files: Files;
  readonly epochs: readonly string[];
  readonly result: readonly string[];
}
const wholes = new Map<number, Promise<Whole>>();
/** The run that nobody interrupts. */
const whole = (seed: number): Promise<Whole> => {
  const known =
    wholes.get(seed) ??
    (async (): Promise<Whole> => {
      const out = mkdtempSync(join(tmpdir(), 'pcrec-whole-'));
      const ended = await run(training(seed, 1, out), out);
      if (ended.code !== 0) throw new Error(`the uninterrupted run ends with ${ended.code}: ${ended.err}`);
      const files = filesOf(out);
      rmSync(out, { recursive: true });
      return { files, epochs: told(String(files['metrics.jsonl']), 'epoch'), result: told(ended.out, 'result') };
    })();
  wholes.set(seed, known);
  return known;
};

const failed = ({ code, killed, err }: Ended): boolean => !killed && (code !== 0 || /\n\s+at /.test(err));

const differing = (want: Whole, folder: string, ended: Ended): Fault | null => {
  const got = filesOf(folder);
  const epochs = told(String(got['metrics.jsonl']), 'epoch');
  if (Object.keys(got).join() !== Object.keys(want.files).join())
    return fault('a resumed run leaves other files', Object.keys(want.files).join(' '), Object.keys(got).join(' '));
  for (const name of names)
    if (!got[name]!.equals(want.files[name]!))
      return fault(`a resumed run ends in another ${name}`, 'the same bytes', 'others');
  if (epochs.join() !== want.epochs.join())
    return fault('a resumed run tells other epochs', want.epochs.join('\n'), epochs.join('\n'));
  const result = told(ended.out, 'result');
  return result.join() === want.result.join()
    ? null
    : fault('a resumed run has another result', want.result.join('\n'), result.join('\n'));
};

const judge = async (
  { seed, threads, kills, then }: Case,
  folder: string,
  manifest: Manifest,
): Promise<Fault | number> => {
  const want = await whole(seed);
  let reached = -1;
  let killed = 0;
  let ended: Ended | undefined;
  for (const [i, kill] of [...kills, undefined].entries()) {
    const begun = existsSync(join(folder, names[1]));
    ended = await run(begun ? resuming(threads[i % 2]!, folder) : training(seed, threads[0], folder), folder, kill);
    if (failed(ended))
      return fault(begun ? 'a resumed run fails' : 'a run fails', 'exit code 0', `${ended.code}: ${ended.err}`);
    killed += Number(ended.killed);
    const now = broken(folder, manifest, reached);
    if (typeof now !== 'number') return now;
    reached = now;
  }
  const off = differing(want, folder, ended!);
  if (off !== null) return off;
  const before = filesOf(folder);
  for (const { command, kill } of then) {
    const read = await run(reading[command](folder), folder, kill);
    if (failed(read)) return fault(`${command} fails`, 'exit code 0', `${read.code}: ${read.err}`);
    killed += Number(read.killed);
    const after = filesOf(folder);
    if (
      Object.keys(after).join() !== Object.keys(before).join() ||
      Object.keys(before).some((name) => !after[name]!.equals(before[name]!))
    )
      return fault(`a killed ${command} changes files`, Object.keys(before).join(' '), Object.keys(after).join(' '));
  }
  return killed;
};

const check = async (cases: readonly Case[]): Promise<readonly Verdict[]> => {
  await prepare();
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest;
  const verdicts: Verdict[] = [];
  for (const of of cases) {
    const folder = mkdtempSync(join(tmpdir(), 'pcrec-kill-'));
    try {
      const found = await judge(of, folder, manifest);
      verdicts.push(typeof found === 'number' ? right(found) : left(found));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return verdicts;
};

const generate = (seed: number, index: number): Case => {
  const next = stream(mixed(seed, index, 21));
  const nat = (n: number): number => Math.floor(next() * n);
  // Half of them while something is written, which a clock hardly ever meets.
  const kill = (): Kill =>
    next() < 0.5 ? { when: 'time', after: 50 + nat(1000) } : { when: 'write', after: 1 + nat(60) };
  return {
    seed: 1 + nat(4),
    threads: [1 + nat(2), 1 + nat(2)],
    kills: Array.from({ length: 1 + nat(3) }, kill),
    then:
      index % 5 === 0
        ? [{ command: nat(2) === 0 ? 'evaluate' : 'recommend', kill: { when: 'time', after: 50 + nat(500) } }]
        : [],
  };
};

function* smaller(of: Case): Generator<Case> {
  if (of.then.length > 0) yield { ...of, then: [] };
  for (let i = 0; i < of.kills.length; i++) yield { ...of, kills: of.kills.toSpliced(i, 1) };
}

export const kills: Part<Case> = {
  name: 'kills',
  chunk: 1,
  prepare,
  generate: ({ seed }, index) => generate(seed, index),
  check,
  smaller,
  save: (of) => of as unknown as Json,
  load: (saved) => saved as unknown as Case,
  text: (of) => [
    `seed ${of.seed}, ${of.threads.join(' and ')} threads`,
    ...of.kills.map((k) =>
      k.when === 'time' ? `killed after ${k.after} ms` : `killed at change ${k.after} of its folder`,
    ),
    ...of.then.map(({ command, kill }) => `then ${command}, killed after ${kill.after} ms`),
  ],
};
