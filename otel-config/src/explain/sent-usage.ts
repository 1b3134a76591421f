import { ALL_DIALECTS, compileDialects } from "../dialects/compile-dialects.ts";
import type { AttributeClaim } from "../dialects/compile-dialects.ts";
import type { JsonMember } from "../dialects/dialect.ts";
import { DIALECTS } from "../dialects/dialects.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { attributesOf, isObject, parseJson, textOf } from "./row-values.ts";

/** One value about usage, as the producer sent it. */
export interface SentValue {
  /** The attribute; for a value inside JSON the path to it follows: "metadata > usage.input". */
  readonly name: string;
  /** As sent, cut after MAX_VALUE_LENGTH characters. */
  readonly value: string;
  /** What it was read as; undefined for an attribute that no table claims for records of this dialect. */
  readonly meaning: string | undefined;
  /** False when another attribute said the same with precedence, and for what nobody reads. */
  readonly isUsed: boolean;
}

/** A count has at most 16 characters; a text in its place needs no more to be recognised. */
const MAX_VALUE_LENGTH = 120;
/** More lines than any dialect sends; a record that does is cut here. */
const MAX_VALUES = 60;

const { claims, fields } = compileDialects(DIALECTS);

const MEANINGS: Readonly<Record<string, string>> = {
  input: "input tokens",
  inputUncached: "input tokens, not cached",
  toolUsePrompt: "input tokens that tools brought, not in the input",
  output: "output tokens",
  outputText: "output tokens, text only",
  total: "all tokens, used as a checksum",
  cacheRead: "tokens read from the cache",
  cacheWrite: "tokens written to the cache",
  cacheWrite5m: "tokens written to the cache (5 min)",
  cacheWrite1h: "tokens written to the cache (1 h)",
  reasoning: "tokens spent on reasoning",
  audioInput: "audio input tokens",
  audioOutput: "audio output tokens",
  imageInput: "image input tokens",
  imageOutput: "image output tokens",
  webSearches: "searches",
  observedInput: "input tokens, as the provider's own answer says",
  observedOutput: "output tokens, as the provider's own answer says",
  client_cost_nano_usd: "the client's own cost",
};

/** Names that sound like usage: what nobody claims among them is shown, so that nothing is hidden. */
const SOUNDS_LIKE_USAGE = /token|usage|cost|price/i;
/** Written by the collector or named so for another reason. */
const NOT_USAGE =
  /^lensai\.|\btime_|max_tokens|max_output_tokens|maxTokens|maxOutputTokens|token\.type$/;

interface Candidate {
  readonly shown: Omit<SentValue, "isUsed">;
  readonly field: string;
  /** Lower wins; values inside JSON come after all that were sent directly. */
  readonly rank: number;
}

/** Everything about usage that the record's attributes hold, what counts first. */
export function sentUsage(row: SpanRow): SentValue[] {
  const attributes = Object.entries(attributesOf(row));
  const dialect = 1 << DIALECTS.findIndex(({ name }) => name === textOf(row, "dialect"));
  const claimed: Candidate[] = [];
  const others: SentValue[] = [];
  for (const [name, value] of attributes) {
    const claim = claims.get(name);
    const isRead = claim !== undefined && isMeantBy(claim, dialect);
    if (isRead) claimed.push(...candidates(name, value, claim));
    else if (isUnreadUsage(name, value)) {
      others.push({ name, value: shownValue(value), meaning: undefined, isUsed: false });
    }
  }
  const best = new Map<string, Candidate>();
  for (const candidate of claimed) {
    const known = best.get(candidate.field);
    if (known === undefined || candidate.rank < known.rank) best.set(candidate.field, candidate);
  }
  const read = claimed.map((candidate) =>
    Object.assign({ isUsed: best.get(candidate.field) === candidate }, candidate.shown),
  );
  const inOrder = [...read.filter(({ isUsed }) => isUsed), ...read.filter(({ isUsed }) => !isUsed)];
  return [...inOrder, ...others].slice(0, MAX_VALUES);
}

function isMeantBy(claim: AttributeClaim, dialect: number): boolean {
  return claim.dialects === ALL_DIALECTS || (claim.dialects & dialect) !== 0;
}

function candidates(name: string, value: unknown, claim: AttributeClaim): Candidate[] {
  const { kind, rank, members } = claim;
  const { field } = fields[claim.field] ?? { field: "" };
  const direct =
    kind === "tokens" || kind === "dollars" ? [candidateOf(field, name, { value, rank })] : [];
  const parsed = typeof value === "string" && members.length > 0 ? parseJson(value) : value;
  return [
    ...direct,
    ...members.flatMap((member, place): Candidate[] => {
      const inside = isUsageMember(member) ? valueAt(parsed, member.path) : undefined;
      const rankInside = INSIDE_JSON + place;
      const nameInside = `${name} > ${member.path.join(".")}`;
      return inside === undefined
        ? []
        : [candidateOf(member.field, nameInside, { value: inside, rank: rankInside })];
    }),
  ];
}

/** Above every rank of a name. */
const INSIDE_JSON = 1_000_000;

function candidateOf(
  field: string,
  name: string,
  { value, rank }: { value: unknown; rank: number },
): Candidate {
  return {
    shown: { name, value: shownValue(value), meaning: MEANINGS[field] ?? field },
    field,
    rank,
  };
}

function isUsageMember({ kind }: JsonMember): boolean {
  return kind === "tokens" || kind === "dollars";
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

function isUnreadUsage(name: string, value: unknown): boolean {
  const isPlain = typeof value === "number" || typeof value === "string";
  return isPlain && SOUNDS_LIKE_USAGE.test(name) && !NOT_USAGE.test(name);
}

function shownValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}
