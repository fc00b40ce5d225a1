// The rounds that a page has loaded, in the node's order: open ones first, newest first, then those
// that are over, the latest end first. Fresh first pages are merged in, older pages put behind.

const isOver = (round) => round.status !== 'running';

export class RoundList {
  constructor(pageSize) {
    this.pageSize = pageSize;
    this.pages = 1;  // as many as the reader asked for: more are not kept
    this.rounds = [];
    this.hasMore = false;
    this.loaded = false;
  }

  get last() { return this.rounds.at(-1)?.id; }

  /** Returns how many rounds are new, and those whose state changed: {fresh, changed}. */
  merge(page) {
    const before = new Map(this.rounds.map((round) => [round.id, round]));
    const fresh = page.data.filter(({ id }) => !before.has(id)).length;
    const changed = page.data.filter(({ id, status }) => (before.get(id)?.status ?? status) !==
      status);
    const old = this.hasGap(page, before) ? null : this.stillThere(page);
    if (old === null || !this.loaded) {
      this.pages = 1;
      this.hasMore = page.has_more;
    }
    const all = [...page.data, ...old ?? []];
    const most = this.pages * this.pageSize;
    if (all.length > most) this.hasMore = true;
    this.rounds = all.slice(0, most);
    const isFirst = !this.loaded;
    this.loaded = true;
    return isFirst ? { fresh: 0, changed: [] } : { fresh, changed };
  }

  // Whether rounds may lie between the page and the old ones that nobody loaded: what ended since
  // the last look stands before all that had ended then, so none where the page reaches that.
  hasGap(page, before) {
    const over = page.data.filter(isOver);
    const reaches = over.some(({ id }) => before.has(id) && isOver(before.get(id)));
    return page.has_more && over.length > 0 && !reaches;
  }

  // The old ones that are not on the page. A round that was given up is in no list any more: it was
  // open, and a page on which others are over has all open ones.
  stillThere(page) {
    const now = new Set(page.data.map(({ id }) => id));
    const hasAllOpen = !page.has_more || page.data.some(isOver);
    return this.rounds.filter((round) => !now.has(round.id) && (isOver(round) || !hasAllOpen));
  }

  /** Loads a page behind the last one by load(id of the last), and returns how many came. */
  async addOlder(load) {
    const { last } = this;
    this.pages += 1;  // at once: what arrives meanwhile must not push out the end
    try {
      const page = await load(last);
      if (this.last !== last) return 0;  // the list began anew meanwhile
      const known = new Set(this.rounds.map(({ id }) => id));
      this.rounds.push(...page.data.filter(({ id }) => !known.has(id)));
      this.hasMore = page.has_more;
      return page.data.length;
    } catch (error) {
      this.pages = Math.max(1, this.pages - 1);
      throw error;
    }
  }
}
