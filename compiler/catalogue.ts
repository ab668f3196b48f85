/**
 * Every way in which the compiler refuses a model: a code and a title each. The types of diagnostics and of `ModelError` ask
 * for a code of this table, and a test asks for a section of that title in `errors/`, with an example that fails so and one
 * that works. A code that was once given is never given to another mistake.
 */
import { languageErrors } from '../dsl/errors.js';

/** The first digit of a code says what it is about, and which page it is on. */
export const areas = {
  PC0: { page: 'command', title: 'The command' },
  PC1: { page: 'model-file', title: 'The model file' },
  PC2: { page: 'tensors', title: 'Axes and tensors' },
  PC3: { page: 'names', title: 'Names and parameters' },
  PC4: { page: 'operators', title: 'Descent, fixed points, scans' },
  PC5: { page: 'training', title: 'Loss, answers, optimizer' },
  PC6: { page: 'limits', title: 'Limits of size and of targets' },
} as const;
type Area = keyof typeof areas;

const compilerErrors = {
  PC0001: 'the command cannot be read',
  PC0002: 'there is no such model file',
  PC0003: 'there is no such hyperparameter or preset',
  PC0004: 'a value that the hyperparameter does not take',
  PC0005: 'nothing of that name can be shown',
  PC0006: 'the folder cannot be written',
  PC0007: 'the trainer will not find the package',

  PC1001: 'the file is no TypeScript',
  PC1002: 'a type error',
  PC1003: 'an import of what is not there',
  PC1004: 'a model knows nothing of Node or of browsers',
  PC1005: 'a model file is evaluated at once',
  PC1006: 'the settings of TypeScript cannot be read',
  PC1007: 'the model file threw an exception',
  PC1009: 'the model goes too deep',
  PC1010: 'the model does not come to an end',
  PC1011: 'the model ended the compiler',
  PC1012: 'the file exports no model',
  PC1013: 'the file exports several models',
  PC1014: 'a model needs a length',
  PC1015: 'a hyperparameter does not take its own default',
  PC1016: 'build returns something else than loss and scores',
  PC1017: 'a hyperparameter that is a setting of the trainer',

  PC2003: 'a tensor has other axes than are asked for',
  PC2007: 'a size that nobody binds',

  PC3002: 'two parameters of one path',
  PC3003: 'two draws of one key',
  PC3004: 'an input is not what the trainer gives',
  PC3005: 'a parameter with an axis of the batch',
  PC3006: 'a parameter has no such start',
  PC3007: 'an input that no data give',

  PC4008: 'a step reads its carried state elsewhere',
  PC4009: 'a step that is not associative',
  PC4010: 'users are mixed',

  PC5001: 'a prediction reads what follows it',
  PC5002: 'a prediction reads its own answer',
  PC5003: 'the scores read an answer',
  PC5004: 'the loss does not read the history',
  PC5005: 'nothing to train',
  PC5006: 'an update that does not fit its parameter',

  PC6001: 'more numbers than an array holds',
  PC6002: 'more memory than WebAssembly has',
  PC6003: 'a kernel reads more arrays than WebGPU allows',
  PC6004: 'a whole number depends on a scan, on gpu.js',
  PC6005: 'a constant that is not a number, on gpu.js',
} as const satisfies Readonly<Record<`${Area}${number}`, string>>;

export const catalogue = { ...languageErrors, ...compilerErrors } as const;
export type Code = keyof typeof catalogue;

/** All codes, in order. */
export const codes: readonly Code[] = (Object.keys(catalogue) as Code[]).sort();
export const isCode = (text: string): text is Code => Object.hasOwn(catalogue, text);
/** The page of a code, without its ending. */
export const pageOf = (code: Code): string => areas[code.slice(0, 3) as Area].page;
