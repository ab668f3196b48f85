/** The Python of this repository that is emitted as it is, or runs beside it, is as ruff wants it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { program, ruff } from './python.js';

describe.skipIf(ruff === undefined)('the Python files', () => {
  it.each(['check', 'format --check'])('pass ruff %s', (words) => {
    const files = [program, join(packageRoot, 'examples', 'scale'), join(import.meta.dirname, 'data.py')];
    execFileSync(ruff!, [...words.split(' '), '--no-cache', '--config', join(program, 'ruff.toml'), ...files]);
  });
});
