/**
 * All benchmarks, one after the other: products alone, a training step by kernel, and how steps grow.
 *
 *   npm run bench -- [--data FILE] [--model hstu] [--peers FOLDER] [--pytorch FILE [--python python3]] [--webasm]
 *
 * --data is the step's (default: the generated sample); --peers, --pytorch and --webasm say what is compared
 * with, see products and step.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: given } = parseArgs({
  options: {
    ...Object.fromEntries(['data', 'model', 'peers', 'pytorch', 'python'].map((name) => [name, { type: 'string' }])),
    webasm: { type: 'boolean' },
  },
});
/** What each takes of the options, and what it always gets. */
const parts = {
  products: [['peers'], ['--json', join('build', 'bench', 'products.json')]],
  step: [['data', 'model', 'peers', 'pytorch', 'python', 'webasm'], ['--profile']],
  scaling: [['model'], []],
};
const failed = Object.entries(parts).filter(([name, [takes, always]]) => {
  console.log(`\n# ${name}\n`);
  const options = takes.flatMap((option) =>
    given[option] === undefined ? [] : [`--${option}`, given[option]].filter((part) => part !== true),
  );
  return (
    spawnSync(process.execPath, [join(import.meta.dirname, `${name}.mjs`), ...options, ...always], { stdio: 'inherit' })
      .status !== 0
  );
});
process.exit(failed.length === 0 ? 0 : 1);
