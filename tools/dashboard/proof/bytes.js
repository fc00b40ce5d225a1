// The project's own fixed encodings (docs/SPEC.md, section 2): big-endian integers, length-prefixed
// strings, and byte strings compared as unsigned.

export class ByteReader {
  // `fail(offset, message)` throws: what is wrong is named by whoever reads.
  constructor(bytes, fail) {
    this.bytes = bytes;
    this.offset = 0;
    this.fail = (message) => fail(this.offset, message);
  }

  get left() { return this.bytes.length - this.offset; }

  // A view, not a copy: bundles may be large.
  raw(size, what) {
    if (size > this.left) this.fail(`expected ${size} bytes of ${what}, found ${this.left}`);
    this.offset += size;
    return this.bytes.subarray(this.offset - size, this.offset);
  }

  u8(what) { return this.raw(1, what)[0]; }
  u16(what) {
    const b = this.raw(2, what);
    return b[0] * 0x100 + b[1];
  }
  u32(what) {
    const b = this.raw(4, what);
    return b[0] * 0x1000000 + b[1] * 0x10000 + b[2] * 0x100 + b[3];
  }
  // A BigInt: doubles hold integers up to 2^53 only.
  u64(what) { return BigInt(this.u32(what)) << 32n | BigInt(this.u32(what)); }
  block(what) { return this.raw(this.u32(what), what); }  // u32 length and that many bytes
  // u16 length and ASCII; other bytes become characters that no check for ASCII lets pass.
  text(what) { return new TextDecoder('latin1').decode(this.raw(this.u16(what), what)); }
}

export class ByteWriter {
  #parts = [];

  u8(value) { return this.#integer(BigInt(value), 1); }
  u16(value) { return this.#integer(BigInt(value), 2); }
  u32(value) { return this.#integer(BigInt(value), 4); }
  u64(value) { return this.#integer(BigInt(value), 8); }
  i64(value) { return this.#integer(BigInt.asUintN(64, BigInt(value)), 8); }  // two's complement
  ascii(text) { return this.raw(asciiBytes(text)); }
  text(text) { return this.u16(text.length).ascii(text); }
  raw(bytes) {
    this.#parts.push(bytes);
    return this;
  }
  bytes() { return concat(...this.#parts); }

  #integer(value, width) {
    const bytes = new Uint8Array(width);
    for (let i = width - 1; i >= 0; --i) {
      bytes[i] = Number(value & 0xFFn);
      value >>= 8n;
    }
    return this.raw(bytes);
  }
}

export function asciiBytes(text) {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// Negative, 0 or positive: as unsigned bytes, the shorter first where one begins with the other.
export function compare(a, b) {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; ++i) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

export function equal(a, b) {
  return a.length === b.length && compare(a, b) === 0;
}

export function fromHex(hex) {  // of whole, valid hex
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}

export function toHex(bytes) {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}
