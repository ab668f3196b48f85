/** Zones as sets: whether a position lies in one. */
import { type Bounded, ORIGIN } from '../../compiler/dependence/zone.js';

export type Point = Readonly<Record<string, number>>;

/** Names that the point does not give are anywhere. */
export const holds = ({ names, bound }: Bounded, point: Point): boolean => {
  const at = (name: string): number | undefined => (name === ORIGIN ? 0 : point[name]);
  return names.every((x, i) =>
    names.every((y, j) => {
      const [a, b] = [at(x), at(y)];
      return a === undefined || b === undefined || a - b <= bound[i * names.length + j]!;
    }),
  );
};
