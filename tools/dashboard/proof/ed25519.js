// Signatures: Ed25519 (RFC 8032) over the bytes of their domain (docs/SPEC.md, section 2), checked
// by the browser (WebCrypto).
import { asciiBytes, concat, fromHex } from './bytes.js';
import { ProofError, subtleCrypto } from './errors.js';
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.js';

const P = 2n ** 255n - 19n;                                            // of the field
const L = 2n ** 252n + 27742317777372353535851937790883648493n;        // of the group
// The y of all points of small order: 0 (order 4), 1 and -1, and the two of order 8.
const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER = new Set([0n, 1n, P - 1n, Y8, P - Y8]);

function littleEndian(bytes) {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; --i) value = value << 8n | BigInt(bytes[i]);
  return value;
}

const yOf = (point) => littleEndian(point) & 2n ** 255n - 1n;  // without the sign of x
const hasSmallOrder = (point) => SMALL_ORDER.has(yOf(point) % P);

// What libsodium, with which nodes verify, refuses before it computes: S at or above the group's
// order, a key that is not canonical, and a key or an R of small order. RFC 8032 leaves this open,
// and browsers differ (Chromium 156 takes keys of small order, which verify anything), so it is not
// left to them. What is left is the equation: WebCrypto's specification asks for that without the
// cofactor, which libsodium computes. A browser that computed the one with it would take signatures
// that nodes refuse, of a signer who chose a key with a part of small order; Chromium does not.
export function isStrict(key, signature) {
  return littleEndian(signature.subarray(32)) < L && !hasSmallOrder(signature.subarray(0, 32)) &&
      yOf(key) < P && !hasSmallOrder(key);
}

const tooOld = () => new ProofError('browser', 'this browser cannot check Ed25519 signatures: ' +
    'use Chrome or Edge 137, Firefox 129, Safari 17 or later, or decentctl verify');

async function importKey(raw) {
  try {
    return await subtleCrypto().importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    if (error instanceof ProofError) throw error;
    if (error.name === 'NotSupportedError') throw tooOld();
    if (error.name === 'DataError') return null;  // no point of the curve: verifies nothing
    throw error;
  }
}

// Whether that key signed the body as a message of that kind ("votes") in that cluster.
export async function verifySignature(key, kind, clusterId, body, signature) {
  if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (!isStrict(key, signature)) return false;
  const imported = await importKey(key);
  if (imported === null) return false;
  const signed = concat(asciiBytes(`decentd/v1/${kind}\0`), clusterId, body);
  return subtleCrypto().verify({ name: 'Ed25519' }, imported, signature, signed);
}

// RFC 8032, section 7.1, test 2.
const KNOWN = {
  key: fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: fromHex('72'),
  signature: fromHex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'),
};

// Whether this browser, on this page, can check signatures: it is tried.
export async function ed25519Supported() {
  try {
    const key = await importKey(KNOWN.key);
    return key !== null && await subtleCrypto().verify(
        { name: 'Ed25519' }, key, KNOWN.signature, KNOWN.message);
  } catch (error) {
    if (error instanceof ProofError) return false;
    throw error;
  }
}

// Throws a ProofError "browser" that says what is needed, where it cannot.
export async function requireEd25519() {
  subtleCrypto();
  if (!await ed25519Supported()) throw tooOld();
}
