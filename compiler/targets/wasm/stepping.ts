/** Loops as text. An address that moves on by the same number of bytes each turn is stepped, not multiplied anew. */
import { indent } from './scope.js';

/** Sums of what a loop leaves alone and a multiple of its variable: by a number, or by a number and something else. */
const strided = /^\(local\.set (\$\S+) \(i32\.add \(((?:local|global)\.get \$\S+)\) (?:\(i32\.mul (?=\(i32\.mul))?\(i32\.mul \(local\.get (\$\S+)\) \(i32\.const (\d+)\)\)(?: \((local\.get \$\S+)\)\))?\)\)$/;

/** Addresses in an innermost loop go on by a step instead of being multiplied anew at each turn. */
const stepped = (variable: string, step: number, body: readonly string[], local: (wanted: string, type: string) => string): { readonly before: readonly string[]; readonly inside: readonly string[]; readonly after: readonly string[] } => {
  const inner = body.some((line) => line.includes('(loop '));
  const written = new Set(body.flatMap((line) => [...line.matchAll(/\(local\.set (\$\S+)/g)].map(([, name]) => `local.get ${name}`)));
  const found = inner ? [] : body.flatMap((line) => {
    const [whole, name, base, by, stride, factor] = strided.exec(line) ?? [];
    if (whole === undefined || by !== variable || written.has(base!) || (factor !== undefined && written.has(factor))) return [];
    const bytes = `(i32.const ${Number(stride) * step})`;
    const kept = factor === undefined ? null : local('step', 'i32');
    return [{
      line, before: kept === null ? [line] : [line, `(local.set ${kept} (i32.mul ${bytes} (${factor})))`],
      after: `(local.set ${name} (i32.add (local.get ${name}) ${kept === null ? bytes : `(local.get ${kept})`}))`,
    }];
  });
  return { before: found.flatMap((f) => f.before), inside: body.filter((line) => !found.some((f) => f.line === line)), after: found.map((f) => f.after) };
};

/** `preset`: the variable is where the loop begins already. */
export const looping = (local: (wanted: string, type: string) => string) => (name: string, from: string, to: string, step: number, body: readonly string[], preset = false): readonly string[] => {
  const label = `$each.${name.slice(1)}`;
  const more = `(i32.lt_s (local.get ${name}) ${to})`;
  const { before, inside, after } = stepped(name, step, body, local);
  return [
    ...(preset ? [] : [`(local.set ${name} ${from})`]), ...before, `(if ${more} (then (loop ${label}`, ...indent([...inside, ...after]),
    `  (local.set ${name} (i32.add (local.get ${name}) (i32.const ${step})))`, `  (br_if ${label} ${more}))))`,
  ];
};
