/**
 * What files hold, by a hash of their bytes, without reading them each time: a file is taken for unchanged while its length, its
 * inode and the times of its last write and change are what they were. That relies on the system's clock and on a file system that
 * keeps these times, and so on nothing for a file that was written just before it was looked at: within one tick of the clock another
 * write could leave no trace. Such files are hashed again.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

/** What the file system says of a file; null of one that is not there, and need not be. */
type Stamp = { readonly [K in 'size' | 'inode' | 'device' | 'written' | 'changed']: string } | null;

/** What the file system said of some files at one moment. */
export interface Stamps {
  readonly files: readonly string[];
  readonly of: readonly Stamp[];
  /** Bytes of all files together. */
  readonly size: number;
  /** Whether all had been left alone for longer than a tick of any clock. */
  readonly settled: boolean;
}

/** Nanoseconds: FAT counts times in steps of two seconds. */
const tick = 2_500_000_000n;

/** Undefined where one of the files cannot be looked at, for another reason than that it is not there. */
export const stampsOf = async (files: readonly string[]): Promise<Stamps | undefined> => {
  const now = BigInt(Date.now()) * 1_000_000n;
  let [size, settled] = [0, true];
  const of: Stamp[] = [];
  for (const file of files) {
    const found = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? null : undefined,
    );
    if (found === undefined || found?.isFile() === false) return undefined;
    if (found === null) {
      of.push(null);
      continue;
    }
    size += Number(found.size);
    settled &&= now - found.mtimeNs > tick && now - found.ctimeNs > tick;
    const { ino, dev, mtimeNs, ctimeNs } = found;
    of.push({ size: `${found.size}`, inode: `${ino}`, device: `${dev}`, written: `${mtimeNs}`, changed: `${ctimeNs}` });
  }
  return { files, of, size, settled };
};

/** Whether two looks at the same files saw the same. */
export const unchanged = (a: Stamps, b: Stamps): boolean => JSON.stringify(a.of) === JSON.stringify(b.of);

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(1 << 22);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
};

/** Hashes of what files hold, in their order; an empty text of one that is not there. Undefined where one cannot be read. */
export const hashesOf = async ({ files, of }: Stamps): Promise<readonly string[] | undefined> => {
  const hashes: string[] = [];
  for (const [i, file] of files.entries()) {
    const hash = of[i] === null ? '' : await hashOf(file).catch(() => undefined);
    if (hash === undefined) return undefined;
    hashes.push(hash);
  }
  return hashes;
};

/** What is noted of hashes, for the next time; undefined where they may not be trusted then. */
export const noteOf = ({ of, settled }: Stamps, hashes: readonly string[]): unknown =>
  settled ? { stamps: JSON.stringify(of), hashes } : undefined;

/** The hashes in a note, if it is of these stamps. */
export const notedHashes = (note: unknown, { of }: Stamps): readonly string[] | undefined => {
  const { stamps, hashes } = (note ?? {}) as { readonly stamps?: unknown; readonly hashes?: readonly string[] };
  return stamps === JSON.stringify(of) ? hashes : undefined;
};
