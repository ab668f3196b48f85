/**
 * What the compiler has to say to the author of a model: a message, where in the model file it applies, and what to do
 * about it. Errors are values: a pass returns `Left` of these and the command prints them.
 */
import { readFileSync } from 'node:fs';
import { codeFrameColumns } from '@babel/code-frame';
import { type Either, left } from 'fp-ts/lib/Either.js';
import picocolors from 'picocolors';
import type { Code } from './catalogue.js';
import type { Source } from './loops/ir.js';

export type { Source } from './loops/ir.js';
/** An error ends the compilation, a warning does not. */
export type Severity = 'error' | 'warning';

/** Something that is wrong, where, and what to do about it. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Which mistake it is: `errors/` has a page with an example. */
  readonly code: Code;
  readonly message: string;
  /** `line` and `column` count from 1; `file` is relative to the model's project. */
  readonly source?: Source;
  /** Another place that it is about, and what stands there. */
  readonly beside?: { readonly source: Source; readonly message: string };
  /** What to do about it, in one sentence. */
  readonly hint?: string;
}

/** At least one. */
export type Diagnostics = readonly [Diagnostic, ...Diagnostic[]];

export const error = (code: Code, message: string, source?: Source, hint?: string): Diagnostic => ({
  severity: 'error',
  code,
  message,
  ...(source === undefined ? {} : { source }),
  ...(hint === undefined ? {} : { hint }),
});

/** Whether an exception says that the stack is used up, and what to say then. */
export const isDeep = (thrown: unknown): boolean => thrown instanceof RangeError && /call stack/i.test(thrown.message);
export const tooDeep =
  'this goes too deep: a function that calls itself without an end, or expressions nested in thousands';

/** The `Left` of one error: the usual way for a pass to refuse a program. */
export const refuse = (code: Code, message: string, source?: Source, hint?: string): Either<Diagnostics, never> =>
  left([error(code, message, source, hint)]);

/** How diagnostics look, and where the lines of code come from. */
export interface RenderOptions {
  readonly colour: boolean;
  /** The text of a source file, or nothing where it cannot be read: then the frame is left out. */
  readonly read: (file: string) => string | undefined;
  /** How a source file is called from where the author stands. */
  readonly show: (file: string) => string;
}

/** The default way to read a source file. */
export const fromDisk = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

export const renderDefaults: RenderOptions = {
  colour: picocolors.isColorSupported,
  read: fromDisk,
  show: (file) => file,
};

const frame = ({ file, line, column }: Source, { colour, read }: RenderOptions): readonly string[] => {
  const text = read(file);
  return text === undefined
    ? []
    : [
        codeFrameColumns(
          text,
          { start: { line, column } },
          { highlightCode: colour, forceColor: colour, linesAbove: 2, linesBelow: 1 },
        ),
      ];
};

/** `file:line:column: error CODE: message`, then the lines of code it is about, then the other place, then the hint. */
export const render = (diagnostic: Diagnostic, options: RenderOptions = renderDefaults): string => {
  const paint = picocolors.createColors(options.colour);
  const { severity, code, message, source, beside, hint } = diagnostic;
  const place = (at: Source): string => `${paint.bold(`${options.show(at.file)}:${at.line}:${at.column}`)}: `;
  const where = source === undefined ? '' : place(source);
  const kind = severity === 'error' ? paint.red('error') : paint.yellow('warning');
  return [
    `${where}${paint.bold(`${kind} ${code}`)}: ${message}`,
    ...(source === undefined ? [] : frame(source, options)),
    ...(beside === undefined ? [] : [`${place(beside.source)}${beside.message}`, ...frame(beside.source, options)]),
    ...(hint === undefined ? [] : [`${paint.cyan('hint')}: ${hint}`]),
  ].join('\n');
};

/** All of them as `render` shows each, an empty line between. */
export const renderAll = (diagnostics: readonly Diagnostic[], options: RenderOptions = renderDefaults): string =>
  diagnostics.map((d) => render(d, options)).join('\n\n');
