// SHA-256 by the browser, and the digests that name things (docs/SPEC.md, section 2).
import { ByteWriter } from './bytes.js';
import { subtleCrypto } from './errors.js';

export const DIGEST_BYTES = 32;
export const ZERO_DIGEST = new Uint8Array(DIGEST_BYTES);

export async function sha256(bytes) {
  return new Uint8Array(await subtleCrypto().digest('SHA-256', bytes));
}

// H(A), H(S): of the slots of an agreed set, [{author, digest}] ascending by author.
export function digestOfSet(slots) {
  const out = new ByteWriter();
  for (const { author, digest } of slots) out.u16(author).raw(digest);
  return sha256(out.bytes());
}
