import type { Attributes } from "@opentelemetry/api";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import type { BudgetDecision } from "@lensai/otel-config/attributes/lensai";
import { HELD_ABORT_TOKENS } from "@lensai/otel-config/control/overspend-bound";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { ResponseFacts } from "../wire/response-facts.ts";
import { incur, settle, topUp } from "./admission.ts";
import type { Estimator, EstimatedCall } from "./estimator.ts";
import type { Hold } from "./hold.ts";
import { budgetRefusal } from "./make-refusal.ts";
import type { Quote } from "./quote.ts";
import type { RefusalError } from "./refusal.ts";

/** How a request ended. */
export type CallEnd =
  | { readonly kind: "failed"; readonly error: unknown }
  /** The provider answered with an error: it bills none of those. */
  | { readonly kind: "refused" }
  | { readonly kind: "answered"; readonly facts: ResponseFacts };

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

export interface GuardedCallInput {
  readonly subject: CallSubject;
  readonly limits: OutputLimits;
  readonly inputTokensAtMost: number;
  readonly decision: BudgetDecision;
  readonly refusal: RefusalError | undefined;
  readonly hold: Hold;
  readonly estimate: EstimatedCall;
  readonly estimator: Estimator;
  /** The request's JSON with a lower limit of output, when it was clamped. */
  readonly clampedBody: string | undefined;
  /** What streams is to be held to what is reserved, as it comes. */
  readonly isMetered: boolean;
  /** The ledger was asked for more, and the call may be allowed when this resolves. */
  readonly answer: Promise<void> | undefined;
  /** By which its price is found, as that of its record is. */
  readonly startedMs: number;
  readonly nowMs: () => number;
  /** For how long nothing was heard of the policy; undefined: it is heard. */
  readonly staleSeconds: number | undefined;
}

/** A call as it is expected to be, where its bounds say what it is at most. */
interface Expectation {
  readonly quote: Quote | undefined;
  /** Of the bound of what a stream has put out. */
  readonly outputShare: number;
}

/** What a stream reserves at a time beyond what it has put out: at least so many tokens, and those of so long. */
const SLICE_TOKENS = 256;
/** A ledger that is busy takes as long to answer. */
const SLICE_MS = 2_000;
/** The bound of a text is at most so many times its tokens: beyond, the server does not keep to the limit asked for. */
const OVERCOUNT_MAX = 2;

/** Codes of errors of connections over which no request can have gone. */
const UNSENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** A call that the guard has decided about: stopped, or holding what it may cost until it ends. */
export class GuardedCall {
  readonly refusal: RefusalError | undefined;
  readonly clampedBody: string | undefined;
  readonly #input: GuardedCallInput;
  readonly #leaseId: string | undefined;
  #decision: BudgetDecision;
  #heldNano: number;
  /** Gone if the process dies now. */
  #incurredNano: number;
  /** What it was charged, once it has ended. */
  #chargedNano: number | undefined;
  /** The part of it that nothing was held for. */
  #shortfallNano = 0;
  #cutOff: RefusalError | undefined;
  #expected: Expectation | undefined;

  constructor(input: GuardedCallInput) {
    this.#input = input;
    this.refusal = input.refusal;
    this.clampedBody = input.clampedBody;
    this.#decision = input.decision;
    const { hold } = input;
    this.#leaseId = leaseIdsOf(hold);
    this.#heldNano = heldNanoOf(hold);
    this.#incurredNano = Math.min(input.estimate.incurredNano, this.#heldNano);
  }

  /** Of a refused call: decide again when this resolves. */
  get answer(): Promise<void> | undefined {
    return this.#input.answer;
  }

  get isMetered(): boolean {
    return this.#input.isMetered;
  }

  /** Of the span. */
  get attributes(): Attributes {
    const { staleSeconds } = this.#input;
    return {
      [LENSAI.budgetDecision]: this.#decision,
      ...(staleSeconds !== undefined && { [LENSAI.controlStaleSeconds]: staleSeconds }),
      ...(this.#leaseId !== undefined && { [LENSAI.budgetLeaseId]: this.#leaseId }),
      ...(this.#chargedNano !== undefined && { [LENSAI.budgetChargedNanoUsd]: this.#chargedNano }),
      ...(this.#shortfallNano > 0 && { [LENSAI.budgetShortfallNanoUsd]: this.#shortfallNano }),
      ...(this.clampedBody !== undefined && { [LENSAI.budgetClamped]: true }),
      ...(this.#cutOff !== undefined && { [LENSAI.budgetCutoff]: true }),
    };
  }

  /**
   * After a part of the stream was read, before the application gets it: is it paid for? Reserves in slices.
   * Answers with the error that ends the stream when nothing is left; that part must not go on then.
   */
  meter(facts: ResponseFacts): RefusalError | undefined {
    const { hold, estimate } = this.#input;
    const { quote } = estimate;
    if (this.#cutOff !== undefined) return this.#cutOff;
    if (quote === undefined || hold.count === 0) return undefined;
    const tokens = this.#tokensAtMost(facts, this.#abortTokens(facts));
    const costNano = quote.costSoFarNano(tokens) ?? 0;
    this.#incur(facts);
    const slice = this.#sliceTokens(tokens);
    const aheadNano = quote.costSoFarNano(this.#limited(tokens + slice, facts)) ?? costNano;
    if (aheadNano <= this.#heldNano) return undefined;
    const moreTokens = this.#limited(tokens + 2 * slice, facts);
    const moreNano = quote.costSoFarNano(moreTokens) ?? costNano;
    if (this.#reserve(moreNano) || costNano <= this.#heldNano) return undefined;
    if (this.#reserve(costNano) || this.#mayGoOnAsking(facts)) return undefined;
    this.#decision = "cut_off";
    this.#cutOff = budgetRefusal(hold, { isCutOff: true, needNano: costNano - this.#heldNano });
    return this.#cutOff;
  }

  /** Of a fast model more than of a slow one. */
  #sliceTokens(tokens: number): number {
    const { startedMs, nowMs } = this.#input;
    const perMs = tokens / Math.max(SLICE_MS, nowMs() - startedMs);
    return Math.max(SLICE_TOKENS, Math.ceil(perMs * SLICE_MS));
  }

  /** While there may come more, a stream lives on what it holds for the time after it would be cut off. */
  #mayGoOnAsking(facts: ResponseFacts): boolean {
    const { hold, estimate, nowMs } = this.#input;
    if (hold.refusedBy?.account.mayGetMore(nowMs()) !== true) return false;
    const costNano = estimate.quote?.costSoFarNano(this.#tokensAtMost(facts, 0)) ?? 0;
    return costNano <= this.#heldNano;
  }

  #incur(facts: ResponseFacts): void {
    const costNano = Math.min(this.#expectedNano(facts) ?? 0, this.#heldNano);
    const moreNano = costNano - this.#incurredNano;
    if (moreNano <= 0) return;
    incur(this.#input.hold, moreNano);
    this.#incurredNano = costNano;
  }

  #reserve(upToNano: number): boolean {
    const { hold, nowMs } = this.#input;
    if (!topUp(hold, upToNano - this.#heldNano, nowMs())) return false;
    this.#heldNano = upToNano;
    return true;
  }

  /** The call is charged what it cost, and the rest goes back. A second time changes nothing. */
  end(end: CallEnd): void {
    const { hold } = this.#input;
    if (hold.count === 0) return;
    let spentNano: number | undefined;
    try {
      spentNano = this.#spentNano(end);
      if (end.kind === "answered") this.#learn(end.facts);
    } finally {
      this.#chargedNano = spentNano ?? this.#heldNano;
      this.#shortfallNano = Math.max(0, this.#chargedNano - this.#heldNano);
      settle(hold, spentNano);
    }
  }

  #spentNano(end: CallEnd): number | undefined {
    const { estimator, subject, startedMs } = this.#input;
    if (end.kind === "refused") return 0;
    // Nobody knows whether the provider has worked for it.
    if (end.kind === "failed")
      return isUnsent(end.error) ? 0 : this.#expectation.quote?.costSoFarNano(0);
    const { facts } = end;
    const reported = estimator.costNano(subject, facts, {
      serviceTier: subject.serviceTier,
      startedMs,
    });
    if (reported !== undefined) return reported;
    if (!subject.isStream || facts.problem === "body_not_read") return undefined;
    // By everything that was learned since it began.
    this.#expected = undefined;
    return this.#expectedNano(facts);
  }

  /** What a stream comes to when it is left now, as far as anybody can tell: nobody has counted. */
  #expectedNano(facts: ResponseFacts): number | undefined {
    const { quote, outputShare } = this.#expectation;
    const tokens = Math.ceil(facts.outputTokensAtMost * outputShare) + this.#abortTokens(facts);
    return quote?.costSoFarNano(this.#limited(tokens, facts));
  }

  get #expectation(): Expectation {
    if (this.#expected !== undefined) return this.#expected;
    const { estimate, estimator, subject } = this.#input;
    const { input, output } = estimator.expectedShares(subject.model, subject.route);
    this.#expected = { quote: estimate.quote?.withInputShare(input), outputShare: output };
    return this.#expected;
  }

  /** What a provider may write of all answers that go on until it notices that nobody reads. */
  #abortTokens({ finishReasons }: ResponseFacts): number {
    const finished = finishReasons.filter((reason) => reason !== undefined).length;
    return HELD_ABORT_TOKENS * Math.max(0, this.#input.limits.choices - finished);
  }

  /** What a stream has put out at most, and so many tokens more. */
  #tokensAtMost(facts: ResponseFacts, moreTokens: number): number {
    const { estimator, subject } = this.#input;
    const { model, route } = subject;
    const tokens = estimator.streamTokensAtMost(model, route, facts.outputTokensAtMost);
    return this.#limited(Math.ceil(tokens) + moreTokens, facts);
  }

  /** At most what was asked for. */
  #limited(tokens: number, { outputTokensAtMost }: ResponseFacts): number {
    const { outputTokensMax, choices } = this.#input.limits;
    const most = outputTokensMax * choices;
    return outputTokensAtMost > most * OVERCOUNT_MAX ? tokens : Math.min(tokens, most);
  }

  #learn({ hasUsage, problem, usage, outputTokensAtMost }: ResponseFacts): void {
    const { estimator, subject, inputTokensAtMost } = this.#input;
    if (!hasUsage || problem !== undefined) return;
    const { input, output } = normaliseUsage(usage, createNormalUsage());
    if (input === undefined || output === undefined) return;
    estimator.learn(subject.model, subject.route, {
      inputTokens: input,
      inputTokensAtMost,
      outputTokens: output,
      outputTokensAtMost,
    });
  }
}

/** Of all budgets that the call is under, with spaces between them. */
function leaseIdsOf({ charges, count }: Hold): string | undefined {
  const ids = charges.slice(0, count).map(({ account }) => account.leaseId);
  return ids.filter((id) => id !== "").join(" ") || undefined;
}

function heldNanoOf(hold: Hold): number {
  let most = 0;
  for (let index = 0; index < hold.count; index += 1) {
    most = Math.max(most, hold.charges[index]?.amountNano ?? 0);
  }
  return most;
}

/** Also an error below: `fetch` wraps what the connection said. */
function isUnsent(error: unknown): boolean {
  for (let inner = error, depth = 0; depth < 4; depth += 1) {
    if (!(inner instanceof Error)) return false;
    const code: unknown = "code" in inner ? inner.code : undefined;
    if (typeof code === "string" && UNSENT.has(code)) return true;
    inner = inner.cause;
  }
  return false;
}
