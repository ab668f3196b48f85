/** A loss becomes a training step: gradients of every parameter it reads, and the optimizer's update of each. */
import { left, right } from 'fp-ts/lib/Either.js';
import * as build from '../../dsl/build.js';
import type { Node, Param } from '../../dsl/node.js';
import type { Optimizer, Update } from '../../dsl/optimizer.js';
import { inputNode } from '../../dsl/batch.js';
import { typed } from '../../dsl/tensor.js';
import { inputs } from '../../runtime/contract/batch.js';
import { explained } from '../../runtime/contract/explanation.js';
import { type Diagnostic, error } from '../diagnostics.js';
import { gradient } from '../gradient.js';
import { rewrite, topological } from '../graph.js';
import { type Pass, type Program, rootsOf, withRoots } from '../program.js';

export const slotPath = (parameter: string, slot: string): string => `${parameter}.${slot}`;

/** The slots that the optimizer keeps of a parameter, all zeros at first, by their own names. */
export const slotsOf = ({ slots }: Optimizer, p: Param): Readonly<Record<string, Param>> =>
  Object.fromEntries(slots.map((s) => [s, build.param(slotPath(p.path, s), p.axes, { kind: 'constant', value: 0 })]));
/** The next values of a parameter and its slots, by path. */
export const nextOf = (p: Param, { value, slots }: Update): Readonly<Record<string, Node>> => ({
  [p.path]: value,
  ...Object.fromEntries(Object.entries(slots).map(([s, next]) => [slotPath(p.path, s), next])),
});

const isTrained = (n: Node): n is Param => n.op === 'param' && n.init.kind !== 'given';

export const differentiate: Pass = {
  name: 'differentiate',
  description: 'derives the loss by every parameter and adds the optimizer step',
  run: (program) => {
    const {
      optimizer,
      outputs: { loss },
    } = program;
    if (program.scale !== undefined) return right(settled(influenced(program, program.scale)));
    if (optimizer === undefined || loss === undefined) return right(settled(program));
    const parameters = topological([loss]).filter(isTrained);
    if (parameters.length === 0)
      return left([
        error('PC5005', 'the loss reads no parameter: there is nothing to train', program.origins.get(loss)?.source),
      ]);
    const step = typed<never>(inputNode(inputs.step, {}));
    const solved: Node[] = [];
    const gradients = gradient(loss, parameters, { origins: program.origins, check: (s) => solved.push(s) });
    const updates: Record<string, Node> = {};
    const misfits: Diagnostic[] = [];
    parameters.forEach((p, i) => {
      const slope = gradients[i]!;
      const found = program.origins.get(slope);
      if (found?.name === undefined) program.origins.set(slope, { ...found, name: `d_${p.path}` });
      const next = optimizer.update(p, slope, slotsOf(optimizer, p), step);
      misfits.push(...misfit(p, optimizer, next).map((said) => error('PC5006', said, program.origins.get(p)?.source)));
      for (const [path, value] of Object.entries(nextOf(p, next))) {
        program.origins.set(value, { name: `new_${path}` });
        updates[path] = value;
      }
    });
    const [wrong, ...more] = misfits;
    if (wrong !== undefined) return left([wrong, ...more]);
    const outputs = solved.length === 0 ? program.outputs : { ...program.outputs, unconverged: failures(solved) };
    return right(settled({ ...program, outputs, updates }));
  },
};

/** The score derived by what the embeddings of the history are multiplied by; which is 1. */
const influenced = (program: Program, scale: Param): Program => {
  const { outputs, interned, origins } = program;
  const [influence] = gradient(outputs[explained.score]!, [scale], { origins });
  origins.set(influence!, { name: explained.influence });
  const one = build.broadcast(build.constant(1), scale.axes);
  const whole = { ...program, outputs: { ...outputs, [explained.influence]: influence! } };
  return withRoots(
    whole,
    rewrite(rootsOf(whole), interned, (n) => (n.op === 'param' && n.path === scale.path ? one : n), origins),
  );
};

/** What of an update could not be kept in the parameter or its slots. */
const misfit = (p: Param, { name, slots }: Optimizer, next: Update): readonly string[] => {
  const fits = (value: Node, what: string): readonly string[] =>
    build.sameAxes(value.axes, p.axes) && value.dtype === 'f32'
      ? []
      : [
          `${name} gives ${what} of '${p.path}' as ${value.dtype} over ${build.showAxes(value.axes)}; the parameter is f32 over ${build.showAxes(p.axes)}`,
        ];
  const given = Object.keys(next.slots);
  return [
    ...fits(next.value, 'the next value'),
    ...Object.entries(next.slots).flatMap(([s, value]) => fits(value, `the slot '${s}'`)),
    ...given
      .filter((s) => !slots.includes(s))
      .map(
        (s) => `${name} gives a slot '${s}' that it does not list: slots: [${slots.map((x) => `'${x}'`).join(', ')}]`,
      ),
    ...slots.filter((s) => !given.includes(s)).map((s) => `${name} lists a slot '${s}' and gives no next value of it`),
  ];
};

/** Nothing is differentiated after this: what only derivatives see has done its work. */
const settled = (program: Program): Program =>
  withRoots(
    program,
    rewrite(
      rootsOf(program),
      program.interned,
      (n) => (n.op === 'stop' ? n.arg : n.op === 'implicit' ? n.value : n),
      program.origins,
    ),
  );

/** How many rows' adjoint solves failed, over all solves of the step. */
const failures = (solved: readonly Node[]): Node => {
  const one = (s: Node): Node => {
    const failed = build.broadcast(build.map('select', s, build.constant(0), build.constant(1)), s.axes);
    return build.reduce(
      'sum',
      failed,
      s.axes.map((a) => a.name),
    );
  };
  return solved.map(one).reduce((a, b) => build.map('add', a, b));
};
