import type { Json, Part } from '../part.js';
import { bytesOf, type Case, generate } from './case.js';
import { judge } from './judge.js';

function* smaller(of: Case): Generator<Case> {
  const { mistakes, rows } = of;
  for (let i = 0; i < mistakes.length; i++) yield { ...of, mistakes: mistakes.toSpliced(i, 1) };
  if (of.zipped) yield { ...of, zipped: false };
  for (let size = rows.length >> 1; size > 0; size >>= 1) {
    for (let i = 0; i + size <= rows.length; i += size)
      if (size < rows.length) yield { ...of, rows: rows.toSpliced(i, size) };
  }
  for (const [i, row] of rows.entries()) {
    for (const plainer of [
      { ...row, user: '1' },
      { ...row, item: '1' },
      { ...row, rating: 5 },
      { ...row, time: 978_300_000 },
    ]) {
      if (JSON.stringify(plainer) !== JSON.stringify(row)) yield { ...of, rows: rows.with(i, plainer) };
    }
  }
}

export const files: Part<Case> = {
  name: 'files',
  chunk: 200,
  generate: ({ seed }, index) => generate(seed, index),
  check: judge,
  smaller,
  save: (of) => of as unknown as Json,
  load: (saved) => saved as unknown as Case,
  text: (of) => [
    `${of.format}, ${of.told ? 'told' : 'not told'}${of.zipped ? ', compressed' : ''}; ${of.mistakes.map((m) => m.name).join(', then ') || 'no mistake'}`,
    ...JSON.stringify(bytesOf(of).plain.toString('utf8')).split('\\n').slice(0, 30),
  ],
};
