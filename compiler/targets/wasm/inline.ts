/** Calls written out: the engine does not do it, and a call empties the registers. Worth it where few cells ask. */
import { type MathName, math } from './math.js';

const isMath = (name: string): name is MathName => name in math;

/** Where the brackets that open at `from` close. */
const closing = (code: string, from: number): number => {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')' && --depth === 0) return i + 1;
  }
  return code.length;
};

/** `code` with calls of functions of one argument written out before it, in `lines`; `local` makes a local of four lanes. */
export const inline = (code: string, local: (wanted: string) => string, lines: string[]): string => {
  const at = code.search(/\(call \$\w+ /);
  if (at < 0) return code;
  const end = closing(code, at);
  const [, name, argument] = /^\(call \$(\w+) (.*)\)$/.exec(code.slice(at, end)) ?? [];
  if (name === undefined || argument === undefined || !isMath(name) || math[name].args.length !== 1) return code;
  const { args, locals, lines: body } = math[name];
  const names = new Map([...args, ...locals].map((l) => [l, local(`${name}.${l}`)] as const));
  const renamed = (line: string): string => line.trim().replace(/\$(\w+)(?=[ )])/g, (whole, l: string) => names.get(l) ?? whole);
  lines.push(`(local.set ${names.get(args[0]!)} ${inline(argument, local, lines)})`);
  for (const line of body.slice(0, -1)) {
    const [, target, value] = /^\(local\.set (\$\S+) (.*)\)$/.exec(renamed(line))!;
    lines.push(`(local.set ${target} ${inline(value!, local, lines)})`);
  }
  const result = inline(renamed(body[body.length - 1]!), local, lines);
  if (at === 0 && end === code.length) return result;
  const kept = local(name);
  lines.push(`(local.set ${kept} ${result})`);
  return inline(`${code.slice(0, at)}(local.get ${kept})${code.slice(end)}`, local, lines);
};
