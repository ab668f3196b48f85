/**
 * Links this package's own command into its node_modules/.bin, as npm does for dependencies, so that npm scripts and
 * `npx pcrec-compile` find it inside the repository without asking a registry or a cache.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = join(root, 'node_modules', '.bin');

for (const [name, path] of Object.entries(bin)) {
  const script = join(root, path);
  if (!existsSync(script)) throw new Error(`${path} is not there: npm run build`);
  mkdirSync(folder, { recursive: true });
  chmodSync(script, 0o755);
  const target = relative(folder, script);
  if (process.platform === 'win32') writeFileSync(join(folder, `${name}.cmd`), `@node "%~dp0\\${target}" %*\r\n`);
  else {
    rmSync(join(folder, name), { force: true });
    symlinkSync(target, join(folder, name));
  }
}
