/** The little of the D-Bus wire format that reading two properties needs. Little endian; strings in, booleans out. */
export interface DbusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** All arguments are strings. */
  readonly args: readonly string[];
}

export interface DbusMessage {
  /** 2: a reply, 3: an error, 4: a signal. */
  readonly type: number;
  /** Serial of the call that this answers; 0 for a signal. */
  readonly replyTo: number;
  readonly member: string;
  readonly body: Buffer;
}

const fieldCodes = { path: 1, interface: 2, member: 3, replyTo: 5, destination: 6, signature: 8 } as const;

export function encodeCall(call: DbusCall, serial: number): Buffer {
  const body = new Writer();
  for (const arg of call.args) body.string(arg);
  const head = new Writer();
  head.bytes([0x6c, 1, 0, 1]); // little endian, method call, no flags, version 1
  head.u32(body.length);
  head.u32(serial);
  const fields = new Writer(16); // aligned as it will stand in the message
  const field = (code: number, type: 's' | 'o' | 'g', value: string): void => {
    fields.align(8);
    fields.bytes([code]);
    fields.signature(type);
    if (type === 'g') fields.signature(value);
    else fields.string(value);
  };
  field(fieldCodes.path, 'o', call.path);
  field(fieldCodes.interface, 's', call.interface);
  field(fieldCodes.member, 's', call.member);
  field(fieldCodes.destination, 's', call.destination);
  if (call.args.length > 0) field(fieldCodes.signature, 'g', 's'.repeat(call.args.length));
  head.u32(fields.length);
  const padding = Buffer.alloc((8 - ((16 + fields.length) % 8)) % 8);
  return Buffer.concat([head.take(), fields.take(), padding, body.take()]);
}

/** The first message of `bytes` and how long it is; undefined while it is not all there. @throws Error for other bytes */
export function decodeMessage(bytes: Buffer): { readonly message: DbusMessage; readonly length: number } | undefined {
  if (bytes.length < 16) return undefined;
  if (bytes[0] !== 0x6c) throw new Error('not a little-endian D-Bus message');
  const bodyLength = bytes.readUInt32LE(4);
  const fieldsLength = bytes.readUInt32LE(12);
  const bodyAt = Math.ceil((16 + fieldsLength) / 8) * 8;
  const length = bodyAt + bodyLength;
  if (length > maxMessageBytes) throw new Error('a D-Bus message is too long');
  if (bytes.length < length) return undefined;
  const { replyTo, member } = readFields(bytes, 16 + fieldsLength);
  return { message: { type: bytes[1] ?? 0, replyTo, member, body: bytes.subarray(bodyAt, length) }, length };
}

/** A boolean, plain or in a variant; false when it is neither. */
export function booleanOf({ body }: DbusMessage): boolean {
  if (body.length === 4) return body.readUInt32LE(0) === 1;
  return body.length === 8 && body.toString('latin1', 1, 2) === 'b' && body.readUInt32LE(4) === 1;
}

const maxMessageBytes = 1024 * 1024;

function readFields(bytes: Buffer, end: number): { replyTo: number; member: string } {
  let at = 16;
  const found = { replyTo: 0, member: '' };
  while (at < end) {
    at = Math.ceil(at / 8) * 8;
    const code = bytes[at] ?? 0;
    const type = bytes.toString('latin1', at + 2, at + 3);
    at += 4; // code, length of the signature, its one letter, NUL
    if (type === 'u') {
      at = Math.ceil(at / 4) * 4;
      if (code === fieldCodes.replyTo) found.replyTo = bytes.readUInt32LE(at);
      at += 4;
    } else if (type === 'g') {
      at += (bytes[at] ?? 0) + 2;
    } else {
      at = Math.ceil(at / 4) * 4;
      const length = bytes.readUInt32LE(at);
      if (code === fieldCodes.member) found.member = bytes.toString('utf8', at + 4, at + 4 + length);
      at += 4 + length + 1;
    }
  }
  return found;
}

class Writer {
  readonly #parts: Buffer[] = [];
  readonly #offset: number;
  #length = 0;

  constructor(offset = 0) {
    this.#offset = offset;
  }

  get length(): number {
    return this.#length;
  }

  align(size: number): void {
    const at = this.#offset + this.#length;
    this.#add(Buffer.alloc((size - (at % size)) % size));
  }

  bytes(values: readonly number[]): void {
    this.#add(Buffer.from(values));
  }

  u32(value: number): void {
    this.align(4);
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.#add(part);
  }

  string(value: string): void {
    this.u32(Buffer.byteLength(value));
    this.#add(Buffer.from(`${value}\0`));
  }

  signature(value: string): void {
    this.bytes([value.length]);
    this.#add(Buffer.from(`${value}\0`));
  }

  take(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #add(part: Buffer): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}
