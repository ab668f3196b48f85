/** The look inside: errors by layer, position and step; narrow and wide tastes; examples by title. */
import { type Markup, markup } from '../../../runtime/report/html.js';
import { beside, facts, figure, paragraph, section, table } from '../../../runtime/report/page.js';
import type { Pictures } from '../../../runtime/report/pictures.js';
import { meanOf } from '../../../runtime/measures/ranked.js';
import type { Found } from '../found.js';
import type { Example, Inside, Layer, Taste } from '../inside.js';

const after = (k: number): string => (k === 0 ? 'first guess' : `after ${k} step${k === 1 ? '' : 's'}`);
const known = (values: readonly (number | null)[]): readonly number[] => values.flatMap((value) => value ?? []);
const shown = (x: number): string => x.toPrecision(3);

const x = 'events back (1: the newest)';

/** Where the errors sit, and what of them inference takes away. */
const errors = (layers: readonly Layer[], pictures: Pictures | undefined): Markup => {
  const lines = layers.flatMap(({ layer, steps }) =>
    steps.map((positions, k) => ({
      name: `layer ${layer + 1}, ${after(k)}`,
      points: positions.flatMap((y, back) => (y === null ? [] : [{ x: back + 1, y }])),
    })),
  );
  const taken = layers.map(({ layer, steps: [first = [], ...rest] }) => ({
    name: `layer ${layer + 1}`,
    points: first.flatMap((before, back) => {
      const now = rest.at(-1)?.[back];
      return before === null || now == null ? [] : [{ x: back + 1, y: 1 - now / before }];
    }),
  }));
  const steps = Math.max(...layers.map(({ steps: all }) => all.length));
  const [sit, fall] = ['error of a position', 'share taken away'];
  const drawn =
    pictures &&
    beside([
      pictures.lines({ says: `The error of a position by ${x}, of each layer and step`, x, y: sit }, lines),
      pictures.lines({ says: `The share of it that inference takes away by ${x}, of each layer`, x, y: fall }, taken),
    ]);
  return figure(drawn, {
    caption: 'The error of a position, mean over positions',
    head: ['', ...Array.from({ length: steps }, (_, k) => after(k))],
    rows: layers.map(({ layer, steps: all }) => [
      `layer ${layer + 1}`,
      ...all.map((positions) => shown(meanOf(known(positions)))),
    ]),
  });
};

const tastes = (by: string, groups: readonly Taste[], pictures: Pictures | undefined): Markup => {
  const x = `width of the taste, by ${by}`;
  const line = (y: string, value: (group: Taste) => number): Markup | undefined =>
    pictures?.lines({ says: `${y} by ${x}`, x, y }, [
      { name: y, points: groups.map((group) => ({ x: group.width, y: value(group) })) },
    ]);
  return markup`${beside([
    line('energy taken away, share', ({ fall }) => fall),
    line('of the ten best, changed', ({ changed }) => changed),
    line('NDCG@10, gain', ({ with: on, without }) => on - without),
  ])}${table({
    caption: `Users in five groups, from the narrowest taste to the widest, by ${by}`,
    head: ['width', 'users', 'events read', 'energy taken away', 'of ten changed', 'NDCG@10 without', 'with'],
    rows: groups.map((group) => [
      group.width.toFixed(3),
      group.users,
      group.length.toFixed(0),
      `${(100 * group.fall).toFixed(1)} %`,
      group.changed.toFixed(1),
      group.without.toFixed(4),
      group.with.toFixed(4),
    ]),
  })}`;
};

const example = ({ says, history, wanted, rank, best }: Example): Markup =>
  facts([
    ['who', says],
    ['lately', history.join(' · ')],
    ['then', `${wanted}: number ${rank.without} without inference, ${rank.with} with it`],
    ['without', best.without.join(' · ')],
    ['with', best.with.join(' · ')],
  ]);

const one = (
  name: string,
  { asked, users, layers, tastes: all, examples }: Inside & { readonly examples: readonly Example[] },
  pictures: Pictures | undefined,
): Markup =>
  section(
    `${name}: inside ${asked.cell}`,
    paragraph(
      `Of ${users} users at the test, seed ${asked.seed}. What each position adds to the energy of its layer, half the squared error; layer 1 is that of the input.`,
    ),
    errors(layers, pictures),
    paragraph(
      'How wide a taste is: the mean distance of two events of the history, 1 − cosine of the model’s own item vectors, or 1 − what two items have in common of what both are said to be.',
    ),
    ...Object.entries(all).map(([by, groups]) => tastes(by, groups, pictures)),
    ...(examples.length === 0
      ? []
      : [
          paragraph(
            'Of the narrowest fifth and of the widest, by item vectors, whom inference helped most and whom it harmed most:',
          ),
        ]),
    ...examples.map(example),
  );

export const insideSections = ({ name, insides }: Found, pictures: Pictures | undefined): readonly Markup[] =>
  insides.map((inside) => one(name, inside, pictures));
