/** What ARCHITECTURE.md and CONTRIBUTING.md list is what there is. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { passesFor } from '../../compiler/cpu/passes.js';
import { packageRoot } from '../../compiler/package.js';
import { loopPasses, pipeline } from '../../compiler/pipeline.js';
import { primitives } from '../../compiler/primitives/index.js';
import { document, quoted, section } from './markdown.js';

const architecture = document('ARCHITECTURE.md');
const firstColumn = (text: string): readonly string[] =>
  [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = '']) => cell);

describe('ARCHITECTURE.md', () => {
  it('names every pass, in its order', () => {
    expect(firstColumn(section(architecture, 'The life of a program'))).toEqual(
      [...pipeline, ...loopPasses].map(({ name }) => name),
    );
  });

  it('names every pass from loops to code, in its order', () => {
    expect(firstColumn(section(architecture, 'From loops to code'))).toEqual(passesFor(native).map(({ name }) => name));
  });

  it('names every primitive', () => {
    const named = quoted(section(architecture, 'Five ideas'));
    expect(Object.keys(primitives).filter((op) => !named.includes(op))).toEqual([]);
  });

  it('names files and folders that exist', () => {
    const paths = quoted(architecture).filter((words) => /^(\.?[\w-]+\/)+([\w.-]+\.ts)?$/.test(words));
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
  });

  it('names every folder of the compiler', () => {
    const folders = readdirSync(join(packageRoot, 'compiler'), { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map(({ name }) => `compiler/${name}/`);
    const named = quoted(section(architecture, 'The map'));
    expect(folders.filter((folder) => !named.includes(folder))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('names every folder of tests', () => {
    const folders = readdirSync(join(packageRoot, 'test'), { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map(({ name }) => `test/${name}/`);
    const named = quoted(section(document('CONTRIBUTING.md'), 'Where things are'));
    expect(folders.filter((folder) => !named.includes(folder))).toEqual([]);
  });
});
