import { programs as part } from './programs/part.js';
import { shrunk } from './part.js';
const [from = 0, chunks = 4, shrink = 0] = process.argv.slice(2).map(Number);
const settings = { seed: 1, edges: process.argv.includes('edges') };
const kinds = new Map<string, number>();
const t = performance.now();
let n = 0;
for (let c = from; c < from + chunks; c++) {
  const cases = Array.from({ length: part.chunk }, (_, i) => part.generate(settings, c * part.chunk + i));
  const verdicts = await part.check(cases);
  for (const [i, v] of verdicts.entries()) { n++; if (v._tag === 'Left') {
    const k = v.left.kind; kinds.set(k, (kinds.get(k) ?? 0) + 1);
    if (kinds.get(k)! <= shrink) { const [small, fault] = await shrunk(part, cases[i]!, v.left); const again = part.load(JSON.parse(JSON.stringify(part.save(small)))); const [v2] = await part.check([again]); console.log('---', c * part.chunk + i, cases[i]!.kind, k, v2!._tag, '\n' + part.text(small).join('\n'), '\nwant', fault.expected, '\ngot', fault.found); }
  } }
}
console.log(n, 'programs', ((performance.now() - t) / n).toFixed(1), 'ms each');
for (const [k, c] of kinds) console.log(c, k);
