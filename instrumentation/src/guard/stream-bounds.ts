import { HELD_ABORT_TOKENS } from "@lensai/otel-config/control/overspend-bound";
import type { ResponseFacts } from "../wire/response-facts.ts";
import type { EstimatedCall, Estimator } from "./estimator.ts";
import type { TextShares } from "./learned-output.ts";
import type { Quote } from "./quote.ts";

/** What a call is, for those who settle it. */
export interface CallSubject {
  readonly model: string | undefined;
  readonly provider: string;
  readonly route: string | undefined;
  readonly serviceTier: string | undefined;
  readonly isStream: boolean;
}

/** What the request asks for at most. */
export interface OutputLimits {
  /** Answers at once. */
  readonly choices: number;
  /** Of each, after clamping; tokens. */
  readonly outputTokensMax: number;
}

/** A call whose answer is bounded while it comes. */
export interface BoundedCall {
  readonly subject: CallSubject;
  readonly limits: OutputLimits;
  readonly estimate: EstimatedCall;
  readonly estimator: Estimator;
  /** By which its price is found, as that of its record is. */
  readonly startedMs: number;
  readonly nowMs: () => number;
}

/** What a call is taken to be of the bounds of its texts. */
interface TakenCall {
  readonly quote: Quote | undefined;
  /** Of the bound of what a stream has put out. */
  readonly outputShare: number;
}

/** What a stream reserves at a time beyond what it has put out: at least so many tokens, and those of so long. */
const SLICE_TOKENS = 256;
/** A ledger that is busy takes as long to answer. */
const SLICE_MS = 2_000;
/** A provider, and what is between, notices within so long that nobody reads on, and writes as fast as before. */
const NOTICE_MS = 300;
/** So far is a reader behind its provider at most, where nobody can know. */
const BEHIND_MS = 700;
/** What came first came at once: no pace is told by less time. */
const PACE_MIN_MS = 1_000;
const FIRST_PACE_MIN_MS = 100;
/** The bound of a text is at most so many times its tokens: beyond, the server does not keep to the limit asked for. */
const OVERCOUNT_MAX = 2;

/** What a stream has come to, at any part of it, by what was read: as expected, and at most. Undefined without a price. */
export class StreamBounds {
  readonly #call: BoundedCall;
  /** When the first part was read. */
  #firstPartMs: number | undefined;
  /** When nothing more had come than was read, and the bound of what was read then. */
  #caughtUp: { readonly atMs: number; readonly tokensAtMost: number } | undefined;
  /** When nobody read on. */
  #endedMs: number | undefined;
  /** Of all that was read, and the part of it that was read last: the bound of their texts. */
  #readTokensAtMost = 0;
  #lastPartTokensAtMost = 0;
  #expected: TakenCall | undefined;
  #most: TakenCall | undefined;

  constructor(call: BoundedCall) {
    this.#call = call;
  }

  /** A part was read. */
  read({ outputTokensAtMost }: ResponseFacts): void {
    this.#firstPartMs ??= this.#nowMs;
    this.#lastPartTokensAtMost = outputTokensAtMost - this.#readTokensAtMost;
    this.#readTokensAtMost = outputTokensAtMost;
  }

  /** Nobody reads on: what is worked out later is of this moment. */
  ended(): void {
    this.#endedMs ??= this.#nowMs;
  }

  /** Nothing more has come than was read. */
  caughtUp({ outputTokensAtMost: tokensAtMost }: ResponseFacts): void {
    if (tokensAtMost > 0) this.#caughtUp = { atMs: this.#nowMs, tokensAtMost };
  }

  /** Calls that ended meanwhile have told more. */
  learnAnew(): void {
    this.#expected = undefined;
    this.#most = undefined;
  }

  /** If the provider has taken the request and answered nothing. */
  get inputNano(): number | undefined {
    return this.#expectedCall.quote?.costSoFarNano(0);
  }

  /** If it is left now, as far as anybody can tell: nobody has counted. */
  expectedNano(facts: ResponseFacts): number | undefined {
    const { quote, outputShare } = this.#expectedCall;
    const tokens = Math.ceil(facts.outputTokensAtMost * outputShare) + this.#abortTokens(facts);
    return quote?.costSoFarNano(this.#limited(tokens, facts));
  }

  /** The same at most. */
  nanoAtMost(facts: ResponseFacts): number | undefined {
    return this.#costNano(this.#tokensAtMost(facts));
  }

  /** Of what was read alone, at most. */
  seenNanoAtMost(facts: ResponseFacts): number | undefined {
    return this.#costNano(this.#seenTokensAtMost(facts));
  }

  /** At most if it is left when a part like the last one more was read. */
  nanoAfterNext(facts: ResponseFacts): number | undefined {
    const part = Math.ceil(this.#lastPartTokensAtMost * this.#callAtMost.outputShare);
    return this.#costNano(this.#limited(this.#tokensAtMost(facts) + part, facts));
  }

  /** At most, and so many slices ahead: of a fast model they are larger than of a slow one. */
  nanoAhead(facts: ResponseFacts, slices: number): number | undefined {
    const tokens = this.#tokensAtMost(facts);
    const perMs = tokens / Math.max(SLICE_MS, this.#nowMs - this.#call.startedMs);
    const slice = Math.max(SLICE_TOKENS, Math.ceil(perMs * SLICE_MS));
    return this.#costNano(this.#limited(tokens + slices * slice, facts));
  }

  get #nowMs(): number {
    return this.#endedMs ?? this.#call.nowMs();
  }

  #costNano(tokens: number): number | undefined {
    return this.#callAtMost.quote?.costSoFarNano(tokens);
  }

  get #expectedCall(): TakenCall {
    const { estimator, subject } = this.#call;
    return (this.#expected ??= this.#taken(estimator.expectedShares(subject.model, subject.route)));
  }

  get #callAtMost(): TakenCall {
    const { estimator, subject } = this.#call;
    return (this.#most ??= this.#taken(estimator.sharesAtMost(subject.model, subject.route)));
  }

  #taken({ input, output }: TextShares): TakenCall {
    return { quote: this.#call.estimate.quote?.withInputShare(input), outputShare: output };
  }

  /** What a provider writes of all answers that go on until it notices that nobody reads. */
  #abortTokens({ finishReasons }: ResponseFacts): number {
    const finished = finishReasons.filter((reason) => reason !== undefined).length;
    return HELD_ABORT_TOKENS * Math.max(0, this.#call.limits.choices - finished);
  }

  /** The same at most: of a fast model more has been written than was read, and more will be. */
  #abortTokensAtMost(facts: ResponseFacts): number {
    const tokens = this.#abortTokens(facts);
    if (tokens === 0) return 0;
    const beganMs = this.#firstPartMs ?? this.#call.startedMs;
    const sinceMs = Math.max(PACE_MIN_MS, this.#nowMs - beganMs);
    const perMs = this.#seenTokensAtMost(facts) / sinceMs;
    if (this.#caughtUp === undefined)
      return Math.max(tokens, Math.ceil(perMs * (NOTICE_MS + BEHIND_MS)));
    return this.#unreadTokens(facts, beganMs) + Math.max(tokens, Math.ceil(perMs * NOTICE_MS));
  }

  /** What has been written since the reader had everything, if the provider has gone on as before: it is behind now. */
  #unreadTokens(facts: ResponseFacts, beganMs: number): number {
    if (this.#caughtUp === undefined) return 0;
    const { atMs, tokensAtMost } = this.#caughtUp;
    const share = this.#callAtMost.outputShare;
    const perMs = (tokensAtMost * share) / Math.max(FIRST_PACE_MIN_MS, atMs - beganMs);
    const readSince = (facts.outputTokensAtMost - tokensAtMost) * share;
    return Math.max(0, Math.ceil(perMs * (this.#nowMs - atMs) - readSince));
  }

  /** Of what was read, and of what the provider writes until it notices that nobody reads on. */
  #tokensAtMost(facts: ResponseFacts): number {
    return this.#limited(this.#seenTokensAtMost(facts) + this.#abortTokensAtMost(facts), facts);
  }

  #seenTokensAtMost(facts: ResponseFacts): number {
    const tokens = facts.outputTokensAtMost * this.#callAtMost.outputShare;
    return this.#limited(Math.ceil(tokens), facts);
  }

  /** At most what was asked for. */
  #limited(tokens: number, { outputTokensAtMost }: ResponseFacts): number {
    const { outputTokensMax, choices } = this.#call.limits;
    const most = outputTokensMax * choices;
    return outputTokensAtMost > most * OVERCOUNT_MAX ? tokens : Math.min(tokens, most);
  }
}
