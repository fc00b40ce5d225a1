// Protobuf's wire format (protobuf.dev/programming-guides/encoding), as far as the signed bodies of
// proto/decentd/types/v1/types.proto use it, with libprotobuf's own reading of odd encodings: what
// the nodes take must not be refused here, nor the other way round.
//
//   - varints may be longer than needed; of a longer value the low 32 or 64 bits count;
//   - the last of a singular field counts, and messages of one singular field are merged;
//   - a member of a oneof takes the place of another;
//   - numbers of a repeated field may be packed or not;
//   - strings are UTF-8, or nothing is read at all;
//   - messages and groups within each other use up one budget of depth.
//
// Unknown fields are refused at any depth, of what is left after the above.

class MalformedError extends Error {}

const malformed = (what) => { throw new MalformedError(what); };

const VARINT = 0, FIXED64 = 1, LENGTH = 2, GROUP = 3, END_GROUP = 4, FIXED32 = 5;
const DEEPEST = 100;  // messages and groups inside the outermost message

function oneDeeper(depth) {
  if (depth === 0) malformed('nested too deeply');
  return depth - 1;
}

class WireReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get done() { return this.at === this.bytes.length; }

  // A varint of at most `most` bytes as a BigInt.
  varint(most = 10) {
    let value = 0n;
    for (let i = 0; i < most; ++i) {
      if (this.done) malformed('a number is cut off');
      const byte = this.bytes[this.at++];
      value |= BigInt(byte & 0x7F) << BigInt(7 * i);
      if (byte < 0x80) return value;
    }
    return malformed('a number is too long');
  }
  low32() { return Number(BigInt.asUintN(32, this.varint())); }
  tag() { return Number(BigInt.asUintN(32, this.varint(5))); }
  take(size) {
    if (size > this.bytes.length - this.at) malformed('a field is cut off');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  block() { return this.take(Number(this.varint(5))); }

  // Steps over the value of a field that is not known. `depth`: how much deeper it may go.
  skip(tag, depth) {
    if (tag >>> 3 === 0) malformed('no field has the number 0');
    switch (tag & 7) {
      case VARINT: this.varint(); return;
      case FIXED64: this.take(8); return;
      case LENGTH: this.block(); return;
      case FIXED32: this.take(4); return;
      case GROUP: break;
      default: malformed('no such type of field');
    }
    const left = oneDeeper(depth);
    for (let inner = this.tag(); inner !== (tag & ~7 | END_GROUP) >>> 0; inner = this.tag()) {
      this.skip(inner, left);
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// How a field's value is read: its wire type, and a function of the reader. Signed 32-bit enums are
// read as unsigned: no listed value is negative.
const scalar = (wire, read) => ({ wire, read });
export const uint32 = scalar(VARINT, (reader) => reader.low32());
export const enumeration = uint32;
export const uint64 = scalar(VARINT, (reader) => BigInt.asUintN(64, reader.varint()));
export const int64 = scalar(VARINT, (reader) => BigInt.asIntN(64, reader.varint()));
export const double = scalar(FIXED64, (reader) => {
  const bytes = reader.take(8);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
});
export const bytes = scalar(LENGTH, (reader) => reader.block());
export const string = scalar(LENGTH, (reader) => {
  try {
    return utf8.decode(reader.block());
  } catch (error) {
    if (error instanceof TypeError) malformed('text is not UTF-8');
    throw error;
  }
});
export const message = (schema) => ({ wire: LENGTH, schema });
export const repeated = (type) => ({ ...type, isRepeated: true });
export const oneof = (group, type) => ({ ...type, group });

// Fills `target` from the bytes: {field: value}, for a repeated field a list. Absent fields are
// absent. Fields that are not known are counted in `target.$unknown`. `depth` as in skip().
function readInto(target, schema, input, depth) {
  const reader = new WireReader(input);
  while (!reader.done) {
    const tag = reader.tag();
    const field = schema[tag >>> 3];
    const isPacked = field?.isRepeated && field.wire === VARINT && (tag & 7) === LENGTH;
    if (isPacked) {
      const packed = new WireReader(reader.block());
      target[field.name] ??= [];
      while (!packed.done) target[field.name].push(field.read(packed));
    } else if (field && (tag & 7) === field.wire) {
      readField(target, schema, field, reader, depth);
    } else {
      reader.skip(tag, depth);
      target.$unknown = (target.$unknown ?? 0) + 1;
    }
  }
  return target;
}

function readField(target, schema, field, reader, depth) {
  const part = (into) => readInto(into, field.schema, reader.block(), oneDeeper(depth));
  if (field.group) {
    for (const other of Object.values(schema)) {
      if (other.group === field.group && other !== field) delete target[other.name];
    }
  }
  if (field.isRepeated) {
    target[field.name] ??= [];
    target[field.name].push(field.schema ? part({}) : field.read(reader));
  } else if (field.schema) {
    target[field.name] = part(target[field.name] ?? {});
  } else {
    target[field.name] = field.read(reader);
  }
}

function hasUnknown(target) {
  if (target.$unknown) return true;
  return Object.values(target).some((value) => {
    if (Array.isArray(value)) return value.some((item) => isMessage(item) && hasUnknown(item));
    return isMessage(value) && hasUnknown(value);
  });
}

const isMessage = (value) => typeof value === 'object' && !(value instanceof Uint8Array);

// A schema from {name: [number, type]}.
export function schema(fields) {
  const byNumber = Object.create(null);
  for (const [name, [number, type]] of Object.entries(fields)) byNumber[number] = { ...type, name };
  return byNumber;
}

// The message, or null where the bytes are none of that schema.
export function parse(type, input) {
  try {
    const target = readInto({}, type, input, DEEPEST);
    return hasUnknown(target) ? null : target;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}
