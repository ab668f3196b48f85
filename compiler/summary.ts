/** What the command says at the end: what was compiled, what it will cost, and what to run next. */
import type { BoundSizes } from '../runtime/contract/batch.js';
import type { Manifest } from '../runtime/contract/session.js';
import type { Compiled, Cost, Target } from './compiled.js';
import { scaled } from './text.js';

/** A sum of products of symbols: `64 items + 12,544`. The empty product's key is ''. */
type Count = ReadonlyMap<string, number>;

const parameters = ({ states }: Manifest): Count => {
  const count = new Map<string, number>();
  for (const { role, shape } of states) {
    if (role !== 'parameter') continue;
    const symbols = shape
      .filter((s) => typeof s === 'string')
      .sort()
      .join(' ');
    const factor = shape.reduce<number>((n, s) => (typeof s === 'number' ? n * s : n), 1);
    count.set(symbols, (count.get(symbols) ?? 0) + factor);
  }
  return count;
};

const grouped = (n: number): string =>
  Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

const showCount = (count: Count): string =>
  [...count]
    .sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1))
    .map(([symbols, n]) => (symbols === '' ? grouped(n) : `${grouped(n)} x ${symbols}`))
    .join(' + ') || '0';

/** Sizes of an ordinary run, where costs are quoted: the default batch and the catalogue of MovieLens-1M. */
export const ordinary: BoundSizes = { batch: 128, items: 3_416, seen: 200 };

export interface Done {
  readonly compiled: Compiled;
  readonly target: Target;
  readonly cost: Cost;
  /** As the author would type it. */
  readonly folder: string;
  readonly files: readonly string[];
  /** Whether the folder has a trainer, which what is handed over stands beside. */
  readonly trainer: boolean;
  readonly seconds: number;
}

/** A shell would split or expand it. */
const quoted = (path: string): string => (/^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** `gpu 337 MB, wasm 36.2 MB + 1.14 MB a thread`; of a target alone, without its name. */
const peaks = ({ compiled: { loops }, target, cost }: Pick<Done, 'compiled' | 'target' | 'cost'>): string =>
  Object.entries(target.parts ?? { '': target })
    .map(([name, part]) => {
      const { bytes, thread } = part.peak?.(loops, ordinary) ?? { bytes: cost.peakBytes, thread: 0 };
      return `${name} ${scaled(bytes)}B${thread === 0 ? '' : ` + ${scaled(thread)}B a thread`}`.trim();
    })
    .join(', ');

const nextOf = ({ target: { handOver }, folder, trainer }: Done): string => {
  const first = trainer ? '' : 'the trainer, by the same command without --target; then ';
  return `next: ${first}node ${handOver?.next(quoted(folder)) ?? quoted(`${folder}/trainer.js`)}`;
};

/** What the command prints at the end. */
export const summary = (done: Done): string => {
  const { compiled, target, cost, folder, files, seconds } = done;
  const {
    manifest,
    report: {
      kernels: { before, after },
      certificate,
    },
  } = compiled;
  const at = `batch ${ordinary.batch}, ${grouped(ordinary.items)} items`;
  const ofStep = [
    ['kernels a step', `${grouped(after)} (${grouped(before)} before fusion)`],
    ['peak memory', `${peaks({ compiled, target, cost })} (${at})`],
    ['operations a step', `${scaled(cost.operations).trim()} (${at}, full histories)`],
  ] as const;
  const rows: readonly (readonly [string, string])[] = [
    ['parameters', showCount(parameters(manifest))],
    ...(target.handOver === undefined ? ofStep : []),
    ...(certificate === undefined ? [] : [['certificate', certificate] as const]),
    ['files', `${folder}/{${files.join(',')}}`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `${manifest.model}: compiled ${manifest.source} in ${seconds.toFixed(1)} s`,
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    '',
    nextOf(done),
  ].join('\n');
};
