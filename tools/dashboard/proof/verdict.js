// The outcome of a round as canonical bytes: what Decisions sign and compare (docs/SPEC.md,
// section 9).
import { ByteReader, equal } from './bytes.js';
import { DIGEST_BYTES, ZERO_DIGEST } from './digest.js';
import { RULES } from './roster.js';

const VERSION = 1;
const VERDICT_BYTES = 139;
export const OUTCOMES = ['', 'decided', 'too_few_answers', 'too_few_sheets'];
export const DECIDED = 1;
export const TOO_FEW_ANSWERS = 2;
export const TOO_FEW_SHEETS = 3;

export const isZero = (digest) => equal(digest, ZERO_DIGEST);

// The verdict with digests as bytes, outcome and rule as numbers; null where the bytes are none.
export function decodeVerdict(bytes) {
  if (bytes.length !== VERDICT_BYTES) return null;
  const in_ = new ByteReader(bytes, () => { throw new RangeError('the length was checked'); });
  const version = in_.u8();
  const outcome = in_.u8();
  const [winner, answers, sheets] = [0, 1, 2].map(() => in_.raw(DIGEST_BYTES));
  const [answerCount, sheetCount, workers, evaluators] = [0, 1, 2, 3].map(() => in_.u16());
  const rule = in_.u8();
  const result = in_.raw(DIGEST_BYTES);
  if (version !== VERSION || outcome < DECIDED || outcome > TOO_FEW_SHEETS) return null;
  if (rule < 1 || rule >= RULES.length) return null;
  // A round that failed has neither winner nor result: no second way to write the same outcome.
  if (outcome !== DECIDED && !(isZero(winner) && isZero(result))) return null;
  return {
    outcome, winner, answers, sheets, answerCount, sheetCount, workers, evaluators, rule, result,
  };
}

// What a verdict has to say of so many usable answers and sheets: all but winner and result, which
// the aggregate says.
export function expectedOutcome(panels, answerCount, sheetCount) {
  if (answerCount < panels[0].minimum) return TOO_FEW_ANSWERS;
  return sheetCount < panels[1].minimum ? TOO_FEW_SHEETS : DECIDED;
}

// For people: "decided, 4 answers of 4 workers, ...".
export function describeVerdict(v) {
  return `${OUTCOMES[v.outcome]}, ${v.answerCount} answers of ${v.workers} workers, ` +
      `${v.sheetCount} sheets of ${v.evaluators} evaluators, ${RULES[v.rule]}` +
      (isZero(v.winner) ? ', no winner' : '') + (isZero(v.result) ? ', no result' : '');
}
