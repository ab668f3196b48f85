/** What reads, for keys of what was read: other code may read the same bytes otherwise. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The code of this folder; of this file alone where a bundler made one of many. */
const codeHash = (): string => {
  const hash = createHash('sha256');
  const own = fileURLToPath(import.meta.url);
  const folder = join(own, '..');
  const files =
    basename(folder) === 'data'
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((file) => /(?<!\.d)\.[jt]s$/.test(file))
          .sort()
          .map((file) => join(folder, file))
      : [own];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
};

const packageVersion = (): string =>
  (createRequire(import.meta.url)('pcrec/package.json') as { readonly version: string }).version;

let found: string | undefined;

/** This reader: the package's version, its code, Node (whose Unicode and decoders it uses), the order of bytes. It throws where that cannot be known. */
export const reader = (): string => (found ??= [packageVersion(), codeHash(), process.version, endianness()].join(' '));
