/** What is written above a function: the user's own words, so that they end no comment and no line. */
import type { Kernel } from '../../loops/ir.js';

const quiet = (text: string): string => text.replaceAll('*/', '* /').replaceAll('\n', ' ');

export const comment = ({ comment: text, source }: Kernel, more: readonly string[]): string =>
  [
    '/**',
    ` * ${quiet(text)}`,
    ...(source === undefined ? [] : [` * ${quiet(source.file)}:${source.line}`]),
    ...more.map((m) => ` * ${m}`),
    ' */',
  ].join('\n');
