/** The text of `model.py`: what its arrays are, the helpers that it uses, and a function for each thing that is asked of a model. */
import type { Manifest } from '../../../runtime/contract/session.js';
import { topological } from '../../graph.js';
import { type Program, rootsOf } from '../../program.js';
import type { Step } from '../../step.js';
import { asked } from './asked.js';
import { cutOf } from './cut.js';
import { optimizing } from './optimizing.js';
import { quoted } from './piece.js';
import { smooth } from './smooth.js';
import { inputsText, python, statesText } from './tensors.js';
import { byJax, dictionary, functionText, importing, once, slopesText, SPECS, STEPS, TENSOR } from './texts.js';
import { type Entry, joined, writer } from './writer.js';

/** What each entry that is no step gives, and in which words. */
const entries = {
  rank: {
    doc: "The rank of each row's target among all items without those seen, from 1. Axes: batch.",
    output: 'rank',
  },
  score: { doc: 'The score of every item for each row. Axes: batch, item.', output: 'scores' },
  predict: { doc: 'The logit of what the model predicts of the next event. Axes: batch.', output: 'logit' },
  vectors: { doc: 'The vectors of users and of items whose products are the scores.', output: undefined },
} as const;
const isEntry = (name: string): name is keyof typeof entries => name in entries;

export const moduleText = (manifest: Manifest, programs: readonly Program[], step: Step): string => {
  const others = programs.filter((p) => isEntry(p.entry));
  const w = writer(manifest, [step.loss, step.gradients, ...others]);
  const trained = [smooth(step.loss), step.gradients] as const;
  const cuts = trained.map(cutOf);
  const training = { cut: cuts.every((c) => c.size > 0) ? new Map(cuts.flatMap((c) => [...c])) : new Map() };
  const [loss, gradients] = trained.map((p, i) =>
    w.entry(p, 'batch', { ...training, title: ['block', 'trained_block'][i]! }),
  ) as [Entry, Entry];
  const optimizer = optimizing(step, w);
  const reading = (p: Program): Entry => w.entry(p, 'inputs', { cut: cutOf(p), title: `${p.entry}_block` });
  const read = others.map((p) => ({ name: p.entry as keyof typeof entries, entry: reading(asked(p)) }));
  const inputs = {
    train: joined(loss.inputs, gradients.inputs, optimizer.inputs),
    ...Object.fromEntries(read.map(({ name, entry }) => [name, entry.inputs])),
  };
  const sound = !topological(rootsOf(step.loss)).some((n) => n.op === 'implicit');
  const functions = [
    ...loss.blocks.functions,
    functionText(
      { name: 'loss', returns: 'jax.Array', doc: 'What training makes small: one number.' },
      loss.body,
      loss.body.outputs['loss']!,
    ),
    ...gradients.blocks.functions,
    functionText(
      {
        name: 'gradients',
        more: ', remat: bool = False',
        returns: 'tuple[dict[str, jax.Array], dict[str, jax.Array]]',
        doc: `The loss, and its derivative by each parameter as the compiler derived it.${gradients.blocks.again ? '\n\n    `remat`: keeps of blocks no more than their states, and works out again what derivatives read.\n    ' : ''}`,
      },
      gradients.body,
      `${dictionary(gradients.body.outputs)}, ${slopesText(gradients)}`,
    ),
    ...optimizer.functions,
    STEPS,
    ...(sound ? [byJax(step.parameters.map((p) => p.path))] : []),
    ...read.flatMap(({ name, entry: { body, blocks } }) => {
      const { doc, output } = entries[name];
      const text = functionText(
        { name, inputs: 'inputs', returns: output === undefined ? 'dict[str, jax.Array]' : 'jax.Array', doc },
        body,
        output === undefined ? dictionary(body.outputs) : body.outputs[output]!,
      );
      return [...blocks.functions, text];
    }),
    SPECS,
  ];
  const code = [
    ...w.helpers(),
    ...once(
      functions,
      others.map((p) => `${p.entry}_block`),
    ),
  ].join('\n\n\n');
  const facts = [
    `NAME = ${quoted(manifest.model)}`,
    `HASH = ${quoted(manifest.hash)}`,
    `LENGTH = ${manifest.length}`,
    `# Whether derivatives may work out again what they read of blocks (\`remat\`).\nREMAT = ${gradients.blocks.again ? 'True' : 'False'}`,
    `HYPER = ${dictionary(Object.fromEntries(Object.entries(manifest.hyper).map(([k, v]) => [k, python(v)])), '')}`,
  ].join('\n');
  const arrays = [
    statesText(manifest.states),
    '# What each entry is given.',
    `INPUTS = ${inputsText(inputs)}`,
    'BATCH, RANK, SCORE = INPUTS["train"], INPUTS["rank"], INPUTS["score"]',
  ].join('\n');
  return `${[importing(code), facts, TENSOR, arrays, code].join('\n\n\n')}\n`;
};
