/** A reader of TensorBoard's event files, by the formats' descriptions and not by our writer. */

/** CRC-32C, bit by bit. */
const crc = (bytes: Uint8Array): number => {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return ~sum >>> 0;
};
const masked = (bytes: Uint8Array): number => {
  const sum = BigInt(crc(bytes));
  return Number((((sum >> 15n) | ((sum << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn);
};

type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;
/** The fields of a message, by number; what has a length stays bytes. */
const fieldsOf = (message: Buffer): Fields => {
  const found = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
      shift += 7n;
    }
  };
  const take = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const key = varint();
    const value = {
      0: varint,
      1: () => take(8).readDoubleLE(),
      2: () => take(varint()),
      5: () => take(4).readFloatLE(),
    }[key & 7]!();
    found.set(key >> 3, [...(found.get(key >> 3) ?? []), value]);
  }
  return found;
};
const bytes = (of: Fields, field: number): readonly Buffer[] => (of.get(field) ?? []) as readonly Buffer[];

export interface Read {
  readonly seconds: number;
  readonly step: number;
  readonly version: string | undefined;
  /** The status of a session's log; 1: it begins. */
  readonly session: number | undefined;
  readonly values: Readonly<Record<string, number>>;
}

/** All events of a file; it throws where a sum is not what it should be, or bytes are left over. */
export const eventsIn = (file: Buffer): readonly Read[] => {
  const events: Read[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const message = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 8) !== masked(file.subarray(at, at + 8))) throw new Error(`the length at ${at}`);
    if (file.readUInt32LE(at + 12 + length) !== masked(message)) throw new Error(`the message at ${at}`);
    at += 16 + length;
    const event = fieldsOf(message);
    const [log] = bytes(event, 7);
    events.push({
      seconds: event.get(1)![0] as number,
      step: (event.get(2)?.[0] ?? 0) as number,
      version: bytes(event, 3)[0]?.toString(),
      session: log && (fieldsOf(log).get(1)![0] as number),
      values: Object.fromEntries(
        bytes(event, 5).flatMap((summary) =>
          bytes(fieldsOf(summary), 1).map((value) => {
            const own = fieldsOf(value);
            return [bytes(own, 1)[0]!.toString(), own.get(2)![0] as number];
          }),
        ),
      ),
    });
  }
  return events;
};
