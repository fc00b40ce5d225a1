// What a proof is refused with: the check of docs/SPEC.md, section 9, that fails first, and why.

export class ProofError extends Error {
  constructor(check, detail) {
    super(`${check}: ${detail}`);
    this.name = 'ProofError';
    this.check = check;    // 'encoding', 'roster', ...; 'browser' where this browser cannot check
    this.detail = detail;
  }
}

// The browser's own cryptography. It is absent, not broken, where a page was loaded over http from
// another machine, so the reader is told what to do about it.
export function subtleCrypto() {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) return subtle;
  throw new ProofError('browser', 'this page was not loaded in a secure context, so the browser ' +
      'offers no cryptography (crypto.subtle): open it over https or from localhost, or check ' +
      'the proof with decentctl verify');
}
