/** What `--set` and `--preset` may choose of a model, as text: a line `name=default` for each hyperparameter, as `--set` takes it. */
import type { Hyper, Model } from '../dsl/model.js';

const range = ({ min, max, choices }: Hyper): string =>
  choices !== undefined ? ` (${choices.join(', ')})` : min !== undefined && max !== undefined ? ` (${min} to ${max})` : min !== undefined ? ` (at least ${min})` : max !== undefined ? ` (at most ${max})` : '';

export const settingsText = ({ hyper, presets }: Model): string => {
  const settings = Object.entries(hyper).map(([name, of]) => [`${name}=${of.value}`, `${of.doc}${range(of)}`] as const);
  const named = Object.entries(presets).map(([name, values]) => [`--preset ${name}`, Object.entries(values).map(([of, value]) => `${of}=${String(value)}`).join(' ')] as const);
  const all = [...settings, ...named];
  const width = Math.max(0, ...all.map(([name]) => name.length));
  return all.map(([name, text]) => `${name.padEnd(width)}  ${text}`.trimEnd()).join('\n');
};
