/**
 * Event files of TensorBoard: records of a TFRecord file (length, masked CRC-32C, bytes, masked CRC-32C), each a protobuf message `Event` of
 * tensorflow/core/util/event.proto. Only what a scalar takes.
 */
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Event, frequent, type Listener, throttled } from '../events.js';

/** CRC-32C, of Castagnoli: polynomial 0x1edc6f41, its bits reversed. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});
export const crc32c = (bytes: Uint8Array): number =>
  ~bytes.reduce((crc, byte) => (crc >>> 8) ^ table[(crc ^ byte) & 255]!, -1) >>> 0;
/** So that the sum of bytes that hold sums is no sum of theirs. */
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

const framed = (message: Buffer): Buffer => {
  const [head, tail] = [Buffer.alloc(12), Buffer.alloc(4)];
  head.writeBigUInt64LE(BigInt(message.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  tail.writeUInt32LE(masked(message));
  return Buffer.concat([head, message, tail]);
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest < 128n) return Buffer.from([...bytes, low]);
    bytes.push(low | 128);
  }
};
/** Fields by number; what they hold says their wire type. */
const whole = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field: number, value: Buffer): Buffer =>
  Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
const double = (field: number, value: number): Buffer => {
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), eight]);
};
const float = (field: number, value: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), four]);
};

/** `seconds` since 1970; of values by their tags. */
export const scalarsRecord = (seconds: number, step: number, values: Readonly<Record<string, number>>): Buffer =>
  framed(
    Buffer.concat([
      double(1, seconds),
      whole(2, step),
      bytes(
        5,
        Buffer.concat(
          Object.entries(values).map(([tag, value]) =>
            bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
          ),
        ),
      ),
    ]),
  );
/** What a file begins with: its version, and that a session begins after a step, so that what was told of later ones is forgotten. */
export const openingRecords = (seconds: number, step: number): Buffer =>
  Buffer.concat([
    framed(Buffer.concat([double(1, seconds), bytes(3, Buffer.from('brain.Event:2'))])),
    framed(Buffer.concat([double(1, seconds), whole(2, step + 1), bytes(7, whole(1, 1))])),
  ]);

const prefix = 'events.out.tfevents.';
/** The event files of a run, one for each time that it went on. */
export const eventFiles = (out: string): readonly string[] =>
  existsSync(out)
    ? readdirSync(out)
        .filter((name) => name.startsWith(prefix))
        .sort()
        .map((name) => join(out, name))
    : [];

/** The numbers of an object, by tags `GROUP/NAME`. */
const tagged = (group: string, values: object | null | undefined): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(values ?? {}).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'number' && Number.isFinite(value)
        ? [[`${group}/${name.replaceAll('@', '_at_').replaceAll(' ', '_')}`, value]]
        : [],
    ),
  );

/** What an event tells a curve of: its step, and values by tags. */
const told = (
  event: Event,
  batches: number,
): { readonly step: number; readonly values: Readonly<Record<string, number>> } | undefined => {
  switch (event.kind) {
    case 'step':
      return { step: event.step, values: { 'train/loss': event.loss, 'train/steps_per_second': event.stepsPerSecond } };
    case 'epoch':
      return {
        step: event.step,
        values: {
          'train/epoch_loss': event.loss,
          'train/epoch': event.step / batches,
          ...tagged(event.part, { ...event.metrics, ...event.label }),
        },
      };
    case 'result':
      return { step: event.step, values: { ...tagged(event.part, { ...event.model, ...event.label?.model }) } };
    default:
      return undefined;
  }
};

/**
 * Writes what a run tells to its event file: losses once a second at most, all else as it comes. `now` in milliseconds since 1970. A disk that is
 * full ends the run at its next checkpoint, with its reason; this need not.
 */
export const tensorboard = (out: string, now: () => number = Date.now): Listener => {
  let path: string | undefined;
  let batches = 1;
  const write = (record: Buffer): void => {
    try {
      if (path !== undefined) appendFileSync(path, record);
    } catch {
      path = undefined;
    }
  };
  return throttled(
    1000,
    now,
    (event) => frequent.has(event.kind),
    (event) => {
      if (event.kind === 'start') {
        path = join(out, `${prefix}${String(eventFiles(out).length).padStart(4, '0')}.pcrec`);
        batches = event.batches;
        write(openingRecords(now() / 1000, event.step));
      }
      const found = told(event, batches);
      if (found !== undefined) write(scalarsRecord(now() / 1000, found.step, found.values));
    },
  );
};
