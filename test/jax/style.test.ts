/** The Python of this repository that is emitted as it is, or runs beside it, is as ruff wants it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { program, python } from './python.js';

const ruff = join(dirname(python ?? ''), 'ruff');
const missing = python === undefined || spawnSync(ruff, ['--version']).status !== 0;
if (missing) process.stderr.write('What ruff says of the Python here was left out: it was not found beside Python.\n');

describe.skipIf(missing)('the Python files', () => {
  it.each(['check', 'format --check'])('pass ruff %s', (words) => {
    const files = [program, join(packageRoot, 'examples', 'scale'), join(import.meta.dirname, 'data.py')];
    execFileSync(ruff, [...words.split(' '), '--no-cache', '--config', join(program, 'ruff.toml'), ...files]);
  });
});
