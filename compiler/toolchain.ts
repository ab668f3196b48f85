/** The compiler as the command uses it: the middle, the list of its passes, and the targets. */
import { compile } from './compile.js';
import type { Toolchain } from './compiled.js';
import { targets } from './emit/targets.js';
import { loopPasses, pipeline } from './pipeline.js';

/** The passes, the compiler and the targets that `pcrec-compile` uses. */
export const toolchain: Toolchain = { passes: [...pipeline, ...loopPasses], compile, targets };
