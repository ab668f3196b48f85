/** Plots as SVG, by Observable Plot where it is installed: optional peers of 10 MB, which nobody needs to train. */
import { markup, Markup } from './html.js';

type Between = readonly [number, number];

/** Points that are joined in their order; `x` is a number or a word. */
export interface Series {
  readonly name: string;
  /** `between`: how far `y` may be off, a whisker. */
  readonly points: readonly { readonly x: number | string; readonly y: number; readonly between?: Between }[];
  /** What it is compared with, and not about: dashed. */
  readonly beside?: boolean;
  /** Its colour, of eight, from 0; unless given, that of its place. */
  readonly colour?: number;
}

/** A value, and perhaps the interval that it lies in. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly interval?: Between;
}

/** What a picture is of, in words that stand in its place for who cannot see it. */
export interface Told {
  readonly says: string;
  readonly x: string;
  readonly y: string;
}

/** A dot; a heavier one, of weight 1, is seen better. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
}

/** The pictures that reports have. */
export interface Pictures {
  lines(told: Told, series: readonly Series[]): Markup;
  bars(told: Told, bars: readonly Bar[]): Markup;
  /** A dot with its interval, beside 0. */
  intervals(told: Told, bars: readonly Bar[]): Markup;
  /** `log`: over an axis of logarithms. */
  scatter(told: Told, dots: readonly Dot[], log: boolean): Markup;
}

/** As the package's optional peers have them. */
const packages = ['@observablehq/plot@0.6', 'linkedom@0.18'];
/** What a report says instead of pictures. */
export const withoutPictures = `There are no pictures: they take two packages that pcrec does not bring along. npm install ${packages.join(' ')}`;

const COLOURS = 8;
const colour = (i: number): string => `var(--c${1 + (i % COLOURS)})`;
const [WIDTH, HEIGHT, ROW] = [460, 270, 26];
const text = { fontSize: '13px', fontFamily: 'system-ui, sans-serif', background: 'none', overflow: 'visible' };

const colourOf = (series: Series, place: number): string => colour(series.colour ?? place);
const legend = (all: readonly Series[]): Markup =>
  markup`<ul class="legend">${all.map((series, i) => markup`<li><i style="background:${colourOf(series, i)}"></i>${series.name}</li>`)}</ul>`;

/** Numbers that get a tick each. */
const EACH = 8;
/** Ticks of numbers: few whole ones have a tick each, as epochs have, and none between two of them. */
const ticked = (values: readonly number[]) => {
  const all = [...new Set(values)].sort((a, b) => a - b);
  return all.length <= EACH && all.every(Number.isInteger) ? { ticks: all, tickFormat: String } : { ticks: 6 };
};
/** Ticks of powers of ten, and their doubles and halves. */
const logarithmic = {
  type: 'log' as const,
  tickFormat: (x: number) => {
    // Ticks are products of powers, and not to the last bit what they stand for.
    const round = Number(x.toPrecision(1));
    return Math.abs(x / round - 1) < 1e-9 && /^[125]/.test(x.toExponential(0)) ? String(round) : '';
  },
};

/** Undefined where they are not installed. */
const peers = async () => {
  try {
    const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
    return { Plot, parseHTML };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return undefined;
  }
};

/** Undefined where the packages are not installed. */
export const pictures = async (): Promise<Pictures | undefined> => {
  const found = await peers();
  if (found === undefined) return undefined;
  const { Plot, parseHTML } = found;
  const { document } = parseHTML('<html></html>');
  type Options = NonNullable<Parameters<typeof Plot.plot>[0]>;
  const drawn = ({ says }: Told, options: Options): Markup => {
    const svg = Plot.plot({ document, style: text, width: WIDTH, height: HEIGHT, ...options });
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', says);
    return new Markup(svg.outerHTML);
  };
  const beside = (names: readonly string[]): number =>
    Math.min(190, 16 + 7.5 * Math.max(...names.map((name) => name.length)));
  const shortened = (name: string): string => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
  const rows = (bars: readonly Bar[]) => bars.map((bar, i) => ({ ...bar, at: String(i) }));
  /** Options of bars that lie under one another, each by its place, since two may be of one name. */
  const lying = (told: Told, bars: readonly Bar[]): Options => ({
    height: 76 + ROW * bars.length,
    marginBottom: 42,
    marginLeft: beside(bars.map(({ name }) => shortened(name))),
    marginRight: 50,
    x: { label: told.x, grid: true, ticks: 4 },
    y: {
      label: null,
      domain: bars.map((_, i) => String(i)),
      tickFormat: (i: string) => shortened(bars[Number(i)]!.name),
      tickSize: 0,
    },
  });
  return {
    lines: (told, series) => {
      const words = series.some(({ points }) => points.some(({ x }) => typeof x === 'string'));
      const order = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))];
      const picture = drawn(told, {
        marginLeft: 52,
        marginBottom: words ? 78 : 40,
        ...(words ? { height: HEIGHT + 40 } : {}),
        x: words
          ? { type: 'point', domain: order as string[], label: told.x, tickRotate: -35 }
          : { label: told.x, ...ticked(order as number[]) },
        y: { label: told.y, grid: true, ticks: 5, nice: true },
        marks: series.flatMap((one, i) => {
          const { points, beside: dashed = false } = one;
          const own = colourOf(one, i);
          const whiskers = points.flatMap(({ x, between }) =>
            between === undefined ? [] : [{ x, low: between[0], high: between[1] }],
          );
          return [
            Plot.line(points, {
              x: 'x',
              y: 'y',
              stroke: own,
              strokeWidth: 2,
              ...(dashed ? { strokeDasharray: '5 4' } : {}),
            }),
            ...(whiskers.length === 0 ? [] : [Plot.ruleX(whiskers, { x: 'x', y1: 'low', y2: 'high', stroke: own })]),
            ...(points.length > 40 ? [] : [Plot.dot(points, { x: 'x', y: 'y', fill: own, r: 3 })]),
          ];
        }),
      });
      return series.length === 1 ? picture : markup`${picture}${legend(series)}`;
    },
    scatter: (told, dots, log) =>
      drawn(told, {
        marginLeft: 52,
        marginBottom: 40,
        x: { label: told.x, ...(log ? logarithmic : ticked(dots.map(({ x }) => x))) },
        y: { label: told.y, grid: true, ticks: 5, nice: true },
        marks: [
          Plot.dot(dots, {
            x: 'x',
            y: 'y',
            fill: colour(0),
            r: 4.5,
            fillOpacity: ({ weight }: Dot) => 0.3 + 0.7 * weight,
          }),
        ],
      }),
    bars: (told, bars) =>
      drawn(told, {
        ...lying(told, bars),
        marks: [
          Plot.barX(rows(bars), { x: 'value', y: 'at', fill: colour(0), insetTop: 3, insetBottom: 3 }),
          Plot.ruleX([0], { stroke: 'currentColor' }),
        ],
      }),
    intervals: (told, bars) =>
      drawn(told, {
        ...lying(told, bars),
        marks: [
          Plot.ruleX([0], { stroke: 'currentColor', strokeDasharray: '5 4' }),
          Plot.ruleY(rows(bars), {
            y: 'at',
            x1: ({ interval, value }: Bar) => interval?.[0] ?? value,
            x2: ({ interval, value }: Bar) => interval?.[1] ?? value,
            stroke: colour(0),
            strokeWidth: 2,
          }),
          Plot.dot(rows(bars), { x: 'value', y: 'at', fill: colour(0), r: 4.5 }),
        ],
      }),
  };
};
