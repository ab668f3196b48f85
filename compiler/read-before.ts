/** A large CommonJS file, with what V8 made of its text when it was read before: parsing takes longer than running it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { cacheFolder } from '../runtime/contract/cache.js';

const digestOf = (data: NodeJS.ArrayBufferView | string): Buffer => createHash('sha256').update(data).digest();
const digestBytes = digestOf('').length;

/** Undefined: not there, or not what was written. */
const kept = (path: string): Buffer | undefined => {
  try {
    const whole = readFileSync(path);
    const data = whole.subarray(digestBytes);
    return digestOf(data).equals(whole.subarray(0, digestBytes)) ? data : undefined;
  } catch {
    return undefined;
  }
};

const put = (path: string, data: Buffer): void => {
  const part = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(part, Buffer.concat([digestOf(data), data]));
    renameSync(part, path);
  } catch {
    // Nobody but the next run would have gained by it.
    rmSync(part, { force: true });
  }
};

interface Read {
  readonly exported: unknown;
  /** Keeps what V8 has made of the file by now, where that was not kept before. */
  readonly keep: () => void;
}

/** As `require` would; `require` finds it read from then on. What is kept is of this very file, and of this V8 with these flags. */
export const readBefore = (file: string): Read => {
  const within = createRequire(file);
  const { size, mtimeMs } = statSync(file);
  const key = digestOf(JSON.stringify([file, size, mtimeMs, cachedDataVersionTag(), process.arch]));
  const path = join(cacheFolder(), `${key.toString('hex').slice(0, 32)}.v8`);
  const cachedData = kept(path);
  const script = new Script(Module.wrap(readFileSync(file, 'utf8')), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module = Object.assign(new Module(file), { filename: file });
  within.cache[file] = module;
  Reflect.apply(script.runInThisContext() as () => void, module.exports, [
    module.exports,
    within,
    module,
    file,
    dirname(file),
  ]);
  const known = cachedData !== undefined && script.cachedDataRejected !== true;
  return { exported: module.exports as unknown, keep: known ? () => {} : () => put(path, script.createCachedData()) };
};
