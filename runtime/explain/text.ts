/** An explanation as a person reads it. */
import { type DescentSteps, firstLayers } from '../contract/explanation.js';
import { plural } from '../contract/words.js';
import { label, type Recommendation } from '../recommend.js';
import type { Explained } from './explain.js';

/** How many of the past items are named. */
const most = 10;
const bars = 24;

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const influenceText = ({ influence }: Explained): readonly string[] => {
  const largest = Math.max(...influence.map(({ value }) => Math.abs(value)));
  const order = [...influence].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const [named, others] = [order.slice(0, most), order.slice(most)];
  const bar = (value: number): string => '#'.repeat(largest > 0 ? Math.round((Math.abs(value) / largest) * bars) : 0);
  return [
    'What moved it: the derivative of the score by the embedding of each past item, times the embedding; the newest item is 1 back.',
    ...named.map(
      (one) =>
        `${signed(one.value).padStart(9)}  ${bar(one.value).padEnd(bars)}  ${String(influence.length - one.position).padStart(4)} back  ${label(one)}`,
    ),
    ...(others.length === 0
      ? []
      : [`${signed(sum(others.map(({ value }) => value))).padStart(9)}  ${plural(others.length, 'other')} together`]),
  ];
};

/** Layers are columns, counted from `first`: what each adds to the energy, over all positions. */
const descentText = ({ energy, errors }: DescentSteps, what: string, first: number): readonly string[] => {
  const layers = errors[0]?.length ?? 0;
  const cell = (x: number): string => x.toPrecision(4).padStart(10);
  return [
    `${what}, and what each layer of errors adds to it, after each step:`,
    `  step${'sum'.padStart(11)}${Array.from({ length: layers }, (_, l) => ` ${`layer ${first + l}`.padStart(10)}`).join('')}`,
    ...energy.map(
      (value, k) =>
        `${String(k).padStart(6)} ${cell(value)}${(errors[k] ?? []).map((layer) => ` ${cell(sum(layer))}`).join('')}`,
    ),
  ];
};

const line = ({ rank, score, ...item }: Recommendation): string =>
  `${String(rank).padStart(4)}  ${score.toFixed(4).padStart(8)}  ${label(item)}`;

/** Both lists side by side, the one with inference first. */
const sides = (items: readonly Recommendation[], without: readonly Recommendation[]): readonly string[] => {
  const left = ['As recommended', ...items.map(line)];
  const width = Math.max(...left.map((text) => text.length));
  const right = ['Without', ...without.map(line)];
  return left.map((text, i) => `${text.padEnd(width)}   ${right[i] ?? ''}`.trimEnd());
};

/** `own`: whether the model takes a step on the user's own history, rather than descend an energy of states. */
export const explanationText = (found: Explained, own: boolean): string => {
  const { item, user, history, notes, items, without, descents } = found;
  const place = item.rank === null ? 'not recommended here' : `number ${item.rank}`;
  return [
    `After ${plural(history.length, 'item')}${user === null ? '' : ` of user ${user}`}, lately ${history.slice(-3).map(label).join(', ')}: ${label(item)} is ${place}, with the score ${item.score.toFixed(4)}.`,
    ...notes,
    '',
    ...influenceText(found),
    ...descents.flatMap((descent, d) => [
      '',
      ...descentText(
        descent,
        own
          ? "The loss of this user's own history"
          : `The energy of this user's states${descents.length > 1 ? `, descent ${d + 1} of ${descents.length}` : ''}`,
        firstLayers(descents)[d]!,
      ),
    ]),
    ...(without === null
      ? []
      : [
          '',
          own ? "With and without the step on this user's own history:" : 'With and without inference:',
          ...sides(items, without),
        ]),
  ].join('\n');
};
