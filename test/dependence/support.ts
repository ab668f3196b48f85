/** Model files in a folder of their own, compiled by the real command. */
import { main } from '../../compiler/command/index.js';
import { toolchain } from '../../compiler/toolchain.js';
import { type Files, project } from '../frontend/fixtures.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A model on two blocks' worth of shared parts; `body` makes `state` from `input`, and starts at line 9. */
export const modelText = (body: string, at: 'all' | 'last' = 'all'): string => `import {
  add, causal, count, div, dot, embed, expand, extent, gather, like, linear, max, mean, model, mul, nextItem, pipe, recommenderHypers, recommenderOptimizer,
  rename, sequenceInput, shift, softmax, softmaxAttention, sub, sum, where,
} from 'pcrec';
export default model({ name: 'tried', hyper: recommenderHypers, optimizer: recommenderOptimizer, build: (context) => {
  const { batch: { batch, seq, ...given } } = context;
  const { width, items, input } = sequenceInput(context);
  const key = like('key', seq);
${body}
  return nextItem(context, { width, items }, state, '${at}');
} });
`;

const small = ['--set', 'width=4', '--set', 'length=6', '--set', 'negatives=5'];

/** What the command says of a model file; it is compiled at a small size. */
export const compiled = (
  text: string,
  { argv = [], files = {} }: { readonly argv?: readonly string[]; readonly files?: Files } = {},
): Ran => {
  const cwd = project({ 'tried.ts': text, ...files });
  const out: string[] = [];
  const err: string[] = [];
  const code = main(['tried.ts', ...small, ...argv], toolchain, {
    cwd,
    colour: false,
    out: (s) => out.push(s),
    err: (s) => err.push(s),
    now: () => 0,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
};

/** The summary's line about what predictions read. */
export const certificateOf = ({ out }: Ran): string | undefined => /^ {2}certificate +(.*)$/m.exec(out)?.[1];
