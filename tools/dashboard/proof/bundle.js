// A round as bytes that anyone can check offline (docs/SPEC.md, section 9). The encoding is fixed
// and ends in the SHA-256 of all bytes before: no byte of it is free. What the envelopes say is
// verify.js's matter.
import { ByteReader, asciiBytes, compare, equal } from './bytes.js';
import { DIGEST_BYTES, sha256 } from './digest.js';
import { ProofError } from './errors.js';
import { MAX_BUNDLE_BYTES, MAX_NODES, SIGNATURE_BYTES } from './limits.js';

const MARK = asciiBytes('decentd bundle\x00\x01');  // the last two bytes: version 1
const KINDS = ['', 'query', 'sponsor', 'propose', 'votes', 'decision', 'heartbeat'];
// The query, a proposal and a certificate for each slot, the decisions: as each envelope is named
// by an index at least, there are no more of them in any bundle.
const MAX_ENVELOPES = 1 + 2 * MAX_NODES * (1 + MAX_NODES) + MAX_NODES;

function fail(offset, message) {
  throw new ProofError('encoding', `at byte ${offset}: ${message}`);
}

function readEnvelope(reader) {
  const kind = reader.u8("an envelope's kind");
  if (kind < 1 || kind >= KINDS.length) reader.fail(`expected an envelope's kind, found ${kind}`);
  return {
    kind,
    name: KINDS[kind],
    author: reader.u32("an envelope's author"),
    signature: reader.raw(SIGNATURE_BYTES, 'a signature'),
    body: reader.block("an envelope's body"),
    used: false,
  };
}

function compareEnvelopes(a, b) {
  return a.kind - b.kind || a.author - b.author || compare(a.body, b.body) ||
      compare(a.signature, b.signature);
}

function count(reader, most, what) {
  const value = reader.u16(what);
  if (value > most) reader.fail(`expected at most ${most} ${what}, found ${value}`);
  return value;
}

// Names of envelopes by their position in the table.
class EnvelopeTable {
  constructor(envelopes) {
    this.envelopes = envelopes;
    this.isCanonical = envelopes.every((envelope, i) =>
      i === 0 || compareEnvelopes(envelopes[i - 1], envelope) < 0);
  }

  readIndex(reader, what) {
    const index = reader.u32(what);
    if (index >= this.envelopes.length) {
      reader.fail(`expected ${what} below ${this.envelopes.length}, found ${index}`);
    }
    this.envelopes[index].used = true;
    return index;
  }

  read(reader, what) { return this.envelopes[this.readIndex(reader, what)]; }

  readList(reader, countWhat, what) {
    const list = [];
    let last = 0;
    for (let left = count(reader, MAX_NODES, countWhat); left > 0; --left) {
      const index = this.readIndex(reader, what);
      if (index < last) this.isCanonical = false;
      last = index;
      list.push(this.envelopes[index]);
    }
    return list;
  }
}

function notCanonical() {
  throw new ProofError('encoding',
      'not in canonical form: expected every envelope once, in order, and used');
}

// Resolves to {roster (canonical bytes), query, slots: [{phase, author, proposal, certificate}],
// decisions, envelopes}; the envelopes are shared between those that name them.
//
// The daemon encodes again what it has read and compares. Every field here has a fixed width or its
// length, so what is left to compare is the order of the envelopes, that each is there once and
// used, and the order of the indices: exactly what is asked below.
export async function decodeBundle(bytes) {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new ProofError('encoding',
        `a bundle has at most ${MAX_BUNDLE_BYTES} bytes, found ${bytes.length}`);
  }
  if (!equal(bytes.subarray(0, MARK.length), MARK)) {
    fail(0, 'expected the mark of a decentd bundle of version 1');
  }
  if (bytes.length < MARK.length + DIGEST_BYTES) {
    fail(bytes.length, 'expected more bytes, the bundle is cut off');
  }
  const content = bytes.subarray(0, bytes.length - DIGEST_BYTES);
  if (!equal(await sha256(content), bytes.subarray(content.length))) {
    fail(content.length, 'expected the SHA-256 of all bytes before: bytes were changed or lost');
  }

  const reader = new ByteReader(content, fail);
  reader.raw(MARK.length, 'the mark');
  const roster = reader.block('the roster');
  const envelopes = [];
  const total = reader.u32('the number of envelopes');
  for (let i = 0; i < total; ++i) {
    if (i === MAX_ENVELOPES) notCanonical();
    envelopes.push(readEnvelope(reader));
  }
  const table = new EnvelopeTable(envelopes);
  const query = table.read(reader, "the query's index");
  const slots = [];
  for (let left = count(reader, 2 * MAX_NODES, 'slots'); left > 0; --left) {
    const phase = reader.u8("a slot's phase");
    if (phase > 1) reader.fail(`expected phase 0 or 1, found ${phase}`);
    const author = reader.u16("a slot's author");
    const before = slots.at(-1);
    if (before && (before.phase - phase || before.author - author) >= 0) {
      reader.fail('expected the slots in ascending order, each once');
    }
    slots.push({
      phase,
      author,
      proposal: table.read(reader, "a proposal's index"),
      certificate: table.readList(reader, 'votes of a certificate', 'the index of votes'),
    });
  }
  const decisions = table.readList(reader, 'decisions', "a decision's index");
  if (reader.left !== 0) reader.fail(`expected the end, found ${reader.left} more bytes`);
  if (!table.isCanonical || !envelopes.every((envelope) => envelope.used)) notCanonical();
  return { roster, query, slots, decisions, envelopes };
}
