/** The optimizer as functions of one parameter, and what goes through all of them. */
import { GRADIENT, type Step } from '../../step.js';
import { quoted, tuple, word } from './piece.js';
import { type Entry, joined, type Writer } from './writer.js';

/** Functions whose texts are equal are one. */
export const optimizing = (step: Step, w: Writer) => {
  const { optimizer, parameters } = step;
  const slots = optimizer.slots;
  const variants = new Map<string, { readonly entry: Entry; readonly names: string[] }>();
  for (const p of parameters) {
    const called: Readonly<Record<string, string>> = {
      [p.path]: 'value',
      [GRADIENT]: 'gradient',
      ...Object.fromEntries(slots.map((s) => [`${p.path}.${s}`, `${s}_before`])),
    };
    const program = step.update(p);
    const named = {
      ...program,
      updates: Object.fromEntries(
        Object.entries(program.updates).map(([n, x]) => [n === p.path ? 'value' : n.slice(p.path.length + 1), x]),
      ),
    };
    Object.entries(named.updates).forEach(([n, x]) =>
      program.origins.set(x, { name: n === 'value' ? 'next_value' : n }),
    );
    const entry = w.entry(named, 'batch', {
      leaf: (n) => called[n.op === 'input' ? n.name : n.path],
      more: slots.map((s) => `${s}_before`),
    });
    const key = JSON.stringify([entry.body.lines, entry.body.updates]);
    variants.set(key, { entry, names: [...(variants.get(key)?.names ?? []), p.path] });
  }
  const all = [...variants.values()];
  const title = word(optimizer.name);
  const names = all.map((_, i) => (i === 0 ? title : `${title}_${i + 1}`));
  const functions = all.map(({ entry: { body } }, i) =>
    [
      `def ${names[i]}(value: jax.Array, gradient: jax.Array, ${slots.map((s) => `${s}_before: jax.Array, `).join('')}batch: Arrays) -> tuple[jax.Array, ...]:`,
      `    """The next value of a parameter${slots.length === 0 ? '' : `, and of its ${slots.map((s) => `\`${s}\``).join(' and ')}`}."""`,
      ...body.lines,
      `    return ${tuple(['value', ...slots].map((n) => body.updates[n]!))}`,
    ].join('\n'),
  );
  const one = (i: number, indent: string): string => {
    const places = ['new[name]', ...slots.map((s) => `new[f"{name}.${s}"]`)];
    const args = ['state[name]', 'gradient', ...slots.map((s) => `state[f"{name}.${s}"]`), 'batch'];
    return `${indent}${places.join(', ')}${places.length === 1 ? ',' : ''} = ${names[i]}(${args.join(', ')})`;
  };
  const loop =
    all.length === 1
      ? [`    for name, gradient in slopes.items():`, one(0, '        ')]
      : all.flatMap(({ names: of }, i) => [
          `    for name in ${tuple(of.map(quoted))}:`,
          `        gradient = slopes[name]`,
          one(i, '        '),
        ]);
  const updated = [
    'def updated(state: Arrays, slopes: Arrays, batch: Arrays) -> dict[str, jax.Array]:',
    '    """The state after the optimizer\'s update of each parameter by its derivative."""',
    '    new = dict(state)',
    ...loop,
    '    return new',
  ].join('\n');
  return { functions: [...functions, updated], inputs: joined(...all.map(({ entry }) => entry.inputs)) };
};
