/** The trainer that is killed: compiled once, by the command, and a data set of forty users. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../compiler/package.js';
import { stream } from '../../generators/axes.js';

const HOME = join(packageRoot, 'build', 'campaign', 'kills');
const MODEL = join(HOME, 'tiny');
const DATA = join(HOME, 'data.csv');
const SOURCE = join(packageRoot, 'test', 'campaign', 'kills', 'tiny.ts');
const COMPILER = join(packageRoot, 'dist', 'compiler', 'cli.js');
export const manifestPath = join(MODEL, 'manifest.json');

const rows = (): string => {
  const next = stream(5);
  const nat = (n: number): number => Math.floor(next() * n);
  const lines = Array.from({ length: 40 }, (_, user) => {
    let item = nat(20);
    return Array.from({ length: 6 + nat(8) }, (_, k) => {
      item = (item + 1 + (nat(3) === 0 ? nat(5) : 0)) % 20;
      return `${user + 1},${item + 1},5,${1_000_000_000 + user * 1000 + k * 60}`;
    });
  });
  return `${['userId,movieId,rating,timestamp', ...lines.flat()].join('\n')}\n`;
};

/** Compiles it where it is missing, or older than the compiler. */
export const prepare = async (): Promise<void> => {
  if (!existsSync(COMPILER)) throw new Error('the part kills runs the built commands: npm run build');
  if (existsSync(manifestPath) && statSync(manifestPath).mtimeMs > statSync(COMPILER).mtimeMs) return;
  mkdirSync(HOME, { recursive: true });
  writeFileSync(DATA, rows());
  const fresh = join(HOME, 'fresh');
  const settings = ['width=4', 'length=8', 'blocks=1', 'dropout=0.2', 'negatives=3'].flatMap((s) => ['--set', s]);
  const done = spawnSync(process.execPath, [COMPILER, SOURCE, '--target', 'wasm', ...settings, '--out', fresh], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`the model of the part kills does not compile:\n${done.stdout}${done.stderr}`);
  rmSync(MODEL, { recursive: true, force: true });
  renameSync(fresh, MODEL);
};

export interface Kill {
  /** After so many milliseconds, or when the file system has told so many changes of the run's folder. */
  readonly when: 'time' | 'write';
  readonly after: number;
}
export interface Ended {
  readonly code: number | null;
  readonly killed: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs the trainer, to be killed or not. */
export const run = (argv: readonly string[], folder: string, kill?: Kill): Promise<Ended> =>
  new Promise((resolve) => {
    mkdirSync(folder, { recursive: true });
    const child = spawn(process.execPath, [join(MODEL, 'trainer.js'), ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, changes, killed] = ['', '', 0, false];
    const end = (): void => {
      killed = child.kill('SIGKILL') || killed;
    };
    child.stdout.on('data', (text) => {
      out += String(text);
    });
    child.stderr.on('data', (text) => {
      err += String(text);
    });
    const timer = kill?.when === 'time' ? setTimeout(end, kill.after) : undefined;
    const watcher = kill?.when === 'write' ? watch(folder, () => void (++changes === kill.after && end())) : undefined;
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      watcher?.close();
      resolve({ code, killed: killed && signal === 'SIGKILL', out, err });
    });
  });

/** On the device that runs are compared on, into a folder, told as data. */
const into = (threads: number, out: string): readonly string[] => [
  '--device',
  'wasm',
  '--threads',
  `${threads}`,
  '--json',
  '--out',
  out,
];
/** With a checkpoint every other step. */
const train = (threads: number, out: string, ...more: readonly string[]): readonly string[] => [
  'train',
  ...more,
  '--checkpoint-steps',
  '2',
  ...into(threads, out),
];
/** A training of three epochs of five steps. */
export const training = (seed: number, threads: number, out: string): readonly string[] =>
  train(threads, out, '--data', DATA, '--epochs', '3', '--batch', '8', '--seed', `${seed}`);
export const resuming = (threads: number, out: string): readonly string[] => train(threads, out, '--resume');
export const reading = {
  evaluate: (out: string): readonly string[] => ['evaluate', ...into(1, out)],
  recommend: (out: string): readonly string[] => ['recommend', '--history', '1,2,3', ...into(1, out)],
} as const;
