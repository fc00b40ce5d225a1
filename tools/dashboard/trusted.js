// The ids of clusters that the reader trusts, kept in this browser. Several, for a changed roster
// is a new cluster and the rounds before it keep theirs.

const NAME = 'decentd.trusted-clusters';
let unkept = null;  // what could not be stored counts while the page is open

export function trustedClusters() {
  if (unkept !== null) return unkept;
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isClusterId) : [];
  } catch {
    return [];
  }
}

const isClusterId = (text) => /^[0-9a-f]{64}$/.test(text);

/** Takes those that are ids; says which are not, and whether the browser keeps the others. */
export function trust(texts) {
  const all = texts.map((text) => text.trim().toLowerCase()).filter((text) => text !== '');
  const good = [...new Set(all.filter(isClusterId))];
  try {
    localStorage.setItem(NAME, JSON.stringify(good));
    unkept = null;
  } catch {
    unkept = good;
  }
  return { bad: all.filter((text) => !isClusterId(text)), kept: unkept === null };
}
