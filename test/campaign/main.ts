/**
 * The campaign: what a test of seconds does not meet. Random programs, malformed files, killed runs and mutants, for as long
 * as one likes, from a seed; it goes on where it stopped, and keeps the smallest case of each fault as a file.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { isLeft } from 'fp-ts/lib/Either.js';
import { packageRoot } from '../../compiler/package.js';
import { judgeUntil } from './crew.js';
import { keep, nothing, readFound, readState, type State, type Tally, writeState } from './found.js';
import { isKnown } from './known.js';
import type { Part, Settings } from './part.js';
import { partOf, parts } from './parts.js';

interface Options extends Settings {
  readonly minutes: number;
  readonly only: readonly string[];
  readonly out: string;
  readonly workers: number;
  readonly replay?: string;
}

const number = (text: string): number => {
  const n = Number(text);
  if (!Number.isFinite(n) || n < 0) throw new InvalidArgumentError(`expected a number, found '${text}'`);
  return n;
};
const names = (text: string): readonly string[] =>
  text.split(',').map((name) => {
    if (parts.every((p) => p.name !== name))
      throw new InvalidArgumentError(
        `there is no part '${name}': the parts are ${parts.map((p) => p.name).join(', ')}`,
      );
    return name;
  });

const options = new Command('campaign')
  .description('Looks for faults that no test of seconds finds. Ends with 1 where there are some.')
  .option('--minutes <n>', 'how long, all parts together', number, 60)
  .option('--seed <n>', 'decides every case', number, 1)
  .option(
    '--only <names>',
    `some of the parts: ${parts.map((p) => p.name).join(',')}`,
    names,
    parts.flatMap((p) => (p.isAsked === true ? [] : [p.name])),
  )
  .option(
    '--out <folder>',
    'where counterexamples and the state are kept',
    join(packageRoot, 'build', 'campaign', 'found'),
  )
  .option('--workers <n>', 'processes', number, availableParallelism())
  .option('--edges', 'programs too whose functions leave their domains, and whose branches not taken are NaN', false)
  .option('--replay <file>', 'judge one counterexample once more')
  .parse()
  .opts<Options>();
const settings: Settings = { seed: options.seed, edges: options.edges };

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const met = ({ kinds }: Tally): number => Object.values(kinds).reduce((n, k) => n + k.met, 0);
const line = (name: string, tally: Tally): string =>
  `${name.padEnd(9)} ${tally.done} tried, ${met(tally)} found of ${Object.keys(tally.kinds).length} kinds, ${(tally.done / Math.max(tally.seconds, 1e-3)).toFixed(1)} a second`;

const replay = async (path: string): Promise<number> => {
  const { part: name, saved, text, seed, index, fault } = readFound(path);
  const part = partOf(name) as unknown as Part;
  // What made a worker end is known by its place alone.
  const cases =
    saved === null
      ? Array.from({ length: part.chunk }, (_, i) => part.generate({ ...settings, seed }, index + i))
      : [part.load(saved)];
  say([`${name}: ${fault.kind}`, ...text].join('\n'));
  const faults = (await part.check(cases)).flatMap((v) => (isLeft(v) ? [v.left] : []));
  say(
    faults.length === 0
      ? 'It passes now.'
      : faults.map((f) => `${f.kind}\nexpected ${f.expected}\nfound    ${f.found}`).join('\n'),
  );
  return faults.length === 0 ? 0 : 1;
};

const campaign = async ({ minutes, only, out, workers }: Options): Promise<number> => {
  let state: State = readState(out, settings);
  let said = 0;
  for (const [i, name] of only.entries()) {
    const start = state.parts[name] ?? nothing;
    if (start.next > 0) say(`${name.padEnd(9)} goes on at case ${start.next}`);
    const tally = await judgeUntil(partOf(name), start, {
      workers,
      settings,
      time: (60_000 * minutes) / only.length,
      keep: (found) => {
        const { path, fresh } = keep(out, found);
        if (fresh)
          say(`${name.padEnd(9)} ${isKnown(name, found.fault.kind) ? 'known' : 'FOUND'} ${found.fault.kind}: ${path}`);
        return fresh;
      },
      told: (now) => {
        state = { ...state, parts: { ...state.parts, [name]: now } };
        if (Date.now() - said < 5000) return;
        said = Date.now();
        writeState(out, state);
        say(line(name, now));
      },
    });
    state = { ...state, parts: { ...state.parts, [name]: tally } };
    writeState(out, state);
    said = 0;
    if (i === only.length - 1) say('');
  }
  const tallies = only.map((name) => [name, state.parts[name] ?? nothing] as const);
  for (const [name, tally] of tallies) {
    say(line(name, tally));
    for (const [kind, { met: count }] of Object.entries(tally.kinds))
      say(`  ${count} times${isKnown(name, kind) ? ', known' : ''}: ${kind}`);
  }
  return tallies.some(([name, { kinds }]) => Object.keys(kinds).some((kind) => !isKnown(name, kind))) ? 1 : 0;
};

process.exitCode = await (options.replay === undefined ? campaign(options) : replay(options.replay));
