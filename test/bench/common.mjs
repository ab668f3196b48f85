/** What every bench needs. */

/** The right of an Either; its left ends the process, in words. */
export const value = (either) => {
  if (either._tag === 'Right') return either.right;
  console.error(typeof either.left === 'string' ? either.left : JSON.stringify(either.left, null, 2));
  process.exit(1);
};
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
