/** Dependence in words. */
import type { Certificate } from './certificate.js';
import type { Interval } from './zone.js';

/** `t`, `t - 2`: the position at an offset from t, the own position. */
const position = (offset: number, t: string): string =>
  offset === 0 ? t : offset > 0 ? `${t} + ${offset}` : `${t} - ${0 - offset}`;

/** Offsets as positions: `positions <= t`, `positions t - 3 to t`, `position t`, `all positions`. */
export const positions = ({ least, most }: Interval, t = 't'): string =>
  least === -Infinity
    ? most === Infinity
      ? 'all positions'
      : `positions <= ${position(most, t)}`
    : most === Infinity
      ? `positions >= ${position(least, t)}`
      : least === most
        ? `position ${position(most, t)}`
        : `positions ${position(least, t)} to ${position(most, t)}`;

const rows = (mixed: readonly string[]): string =>
  mixed.length === 0 ? 'rows independent' : `rows read one another (${mixed.join(', ')})`;

/** `positions <= t of items, <= t of times`. */
const listed = (reads: Certificate['reads']): string =>
  reads
    .map(({ input, offsets }, i) => {
      const where = positions(offsets);
      return `${i > 0 && where.startsWith('positions ') ? where.slice('positions '.length) : where} of ${input}`;
    })
    .join(', ');

const sequence: { readonly [P in Certificate['predicts']]: (of: Certificate) => string } = {
  position: ({ reads, readsLength }) =>
    `prediction at t reads ${reads.length === 0 ? 'no position' : listed(reads)}${readsLength ? ', and how long its row is' : ''}`,
  row: () => 'one prediction a row, which may read all of its positions',
  none: () => 'no position predicts what follows it: the loss reads no targets',
};

/** Whose word is taken for what tables say. */
const promises = ({ items, users }: Certificate['promised']): string => {
  const told = (whose: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`that the table of ${whose} told ${names.join(', ')}`];
  const all = [...told('items', items), ...told('users', users)];
  return all.length === 0 ? '' : `; ${all.join(' and ')} beforehand is the author's word`;
};
const predicted = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : `; whether ${labels.join(', and whether ')} of what follows the loss alone reads`;

const told = (asked: readonly string[]): string =>
  asked.length === 0
    ? ''
    : `; that the ${asked.join(', ')} of a request was made without its answer is the data's word`;

/** `prediction at t reads positions <= t of items; rows independent`. */
export const certificateText = (certificate: Certificate): string =>
  [
    `${sequence[certificate.predicts](certificate)}; ${rows(certificate.mixed)}`,
    predicted(certificate.labels),
    promises(certificate.promised),
    told(certificate.asked),
  ].join('');
