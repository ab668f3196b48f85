/** Colours by which rows are known: one model has the same in all pictures, others take what is left. */

const own = ['hstu', 'pcrec', 'mixing', 'sasrec'] as const;
const COLOURS = 8;

/** Of each row its colour, from 0. The first row of a model has the model's. */
export const coloursOf = (cells: readonly string[]): readonly number[] => {
  const wanted = cells.map((cell) => own.findIndex((model) => cell === model || cell.startsWith(`${model} `)));
  const firsts = wanted.map((colour, i) => (colour >= 0 && wanted.indexOf(colour) === i ? colour : undefined));
  const left = Array.from({ length: COLOURS }, (_, i) => i).filter((i) => !firsts.includes(i));
  let next = 0;
  return firsts.map((colour) => colour ?? left[next++ % left.length]!);
};
