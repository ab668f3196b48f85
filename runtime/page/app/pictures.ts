/** The page's pictures. Colours are the page's own, so that they follow its light and its dark. */
import * as Plot from '@observablehq/plot';

const style = {
  background: 'none',
  fontFamily: 'inherit',
  fontSize: '12px',
  color: 'var(--muted)',
  overflow: 'visible',
};

/** Few enough ticks that they do not touch. */
const spaced = (count: number, width: number): readonly number[] => {
  const every = Math.max(1, Math.ceil((28 * count) / width));
  return Array.from({ length: count }, (_, i) => i).filter((i) => (count - 1 - i) % every === 0);
};

/** Errors of one step, a cell a layer (counted from `first`) and position, on the scale of all steps. */
export const errorMap = (
  errors: readonly (readonly (readonly number[])[])[],
  step: number,
  first: number,
  names: readonly string[],
  width: number,
): Element => {
  const layers = errors[step]!;
  const cells = layers.flatMap((list, layer) => list.map((error, position) => ({ layer, position, error })));
  const largest = Math.max(...errors.flat(2), Number.MIN_VALUE);
  const count = names.length;
  return Plot.plot({
    width,
    height: Math.max(180, 36 + 24 * layers.length),
    marginLeft: 52,
    marginRight: 4,
    marginTop: 4,
    marginBottom: 32,
    style,
    x: {
      domain: names.map((_, i) => i),
      ticks: [...spaced(count, width - 56)],
      tickFormat: (i: number) => String(i - count),
      label: 'events back',
      labelAnchor: 'center',
      tickSize: 0,
      padding: count > 60 ? 0 : 0.08,
    },
    y: {
      domain: layers.map((_, l) => layers.length - 1 - l),
      label: null,
      tickFormat: (l: number) => `layer ${first + l}`,
      tickSize: 0,
      padding: 0.08,
    },
    opacity: { type: 'identity' },
    marks: [
      Plot.cell(cells, {
        x: 'position',
        y: 'layer',
        fill: 'var(--accent)',
        // The square root of half a squared norm: a cell is as strong as its error is long.
        fillOpacity: ({ error }: (typeof cells)[number]) => 0.05 + 0.95 * Math.sqrt(error / largest),
        rx: count > 60 ? 0 : 2,
        title: ({ layer, position, error }: (typeof cells)[number]) =>
          `${names[position]!}, layer ${first + layer}: ${error.toPrecision(3)}`,
      }),
    ],
  });
};

/** The energy by step; the step that is looked at stands out. */
export const energyCurve = (energy: readonly number[], step: number, width: number): Element => {
  const points = energy.map((value, k) => ({ step: k, energy: value }));
  return Plot.plot({
    width,
    height: 180,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 12,
    marginBottom: 34,
    style,
    x: {
      ticks: points.map((p) => p.step).filter((k) => points.length < 12 || k % 5 === 0),
      tickFormat: 'd',
      label: 'step',
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 8,
    },
    y: { domain: [0, Math.max(...energy, Number.MIN_VALUE)], nice: true, grid: true, label: null, ticks: 4 },
    marks: [
      Plot.areaY(points, { x: 'step', y: 'energy', fill: 'var(--accent)', fillOpacity: 0.12 }),
      Plot.lineY(points, { x: 'step', y: 'energy', stroke: 'var(--accent)', strokeWidth: 2 }),
      Plot.dot(points, {
        x: 'step',
        y: 'energy',
        r: (p: (typeof points)[number]) => (p.step === step ? 6 : 3),
        fill: (p: (typeof points)[number]) => (p.step === step ? 'var(--accent)' : 'var(--surface)'),
        stroke: 'var(--accent)',
        strokeWidth: 2,
      }),
    ],
    r: { type: 'identity' },
    color: { type: 'identity' },
  } as Plot.PlotOptions);
};
