import type { Attributes } from "@opentelemetry/api";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import type { BudgetDecision } from "@lensai/otel-config/attributes/lensai";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { ResponseFacts } from "../wire/response-facts.ts";
import { incur, settle, topUp } from "./admission.ts";
import type { CallCost } from "./estimator.ts";
import type { Hold } from "./hold.ts";
import { budgetRefusal } from "./make-refusal.ts";
import type { RefusalError } from "./refusal.ts";
import { StreamBounds } from "./stream-bounds.ts";
import type { BoundedCall } from "./stream-bounds.ts";

/** How a request ended. */
export type CallEnd =
  | { readonly kind: "failed"; readonly error: unknown }
  /** The provider answered with an error: it bills none of those. */
  | { readonly kind: "refused" }
  | { readonly kind: "answered"; readonly facts: ResponseFacts };

export interface GuardedCallInput extends BoundedCall {
  readonly inputTokensAtMost: number;
  readonly decision: BudgetDecision;
  readonly refusal: RefusalError | undefined;
  readonly hold: Hold;
  /** The request's JSON with a lower limit of output, when it was clamped. */
  readonly clampedBody: string | undefined;
  /** What streams is to be held to what is reserved, as it comes. */
  readonly isMetered: boolean;
  /** The ledger was asked for more, and the call may be allowed when this resolves. */
  readonly answer: Promise<void> | undefined;
  /** For how long nothing was heard of the policy; undefined: it is heard. */
  readonly staleSeconds: number | undefined;
}

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
  /** What nobody has counted is charged at most. */
  readonly #takesWorst: boolean;
  #decision: BudgetDecision;
  #heldNano: number;
  /** Gone if the process dies now. */
  #incurredNano: number;
  /** What it was charged, once it has ended. */
  #chargedNano: number | undefined;
  /** The part of it that neither it nor its process held. */
  #shortfallNano = 0;
  #cutOff: RefusalError | undefined;
  readonly #bounds: StreamBounds;

  constructor(input: GuardedCallInput) {
    this.#input = input;
    this.#bounds = new StreamBounds(input);
    this.refusal = input.refusal;
    this.clampedBody = input.clampedBody;
    this.#decision = input.decision;
    const { hold } = input;
    this.#leaseId = leaseIdsOf(hold);
    this.#heldNano = heldNanoOf(hold);
    this.#takesWorst = hold.takesWorst;
    this.#incurredNano = incurredNanoOf(hold);
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
    const { refusal } = this.#cutOff ?? this.refusal ?? {};
    return {
      [LENSAI.budgetDecision]: this.#decision,
      ...(refusal?.kind === "budget" && {
        [LENSAI.budgetId]: refusal.budgetId,
        [LENSAI.budgetRefusalCause]: refusal.cause,
      }),
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
   * Answers with the error that ends the stream when nothing is left; that part must not go on then. What is read
   * after it says more narrowly what the provider has written.
   */
  meter(facts: ResponseFacts): RefusalError | undefined {
    const { hold, estimate } = this.#input;
    if (this.#cutOff !== undefined) return this.#cutOff;
    if (estimate.quote === undefined || hold.count === 0) return undefined;
    const bounds = this.#bounds;
    bounds.read(facts);
    this.#incur(facts);
    // Where nothing may be overspent, a stream ends before it comes to more than is held.
    const neededNano =
      (this.#takesWorst ? bounds.nanoAfterNext(facts) : bounds.nanoAtMost(facts)) ?? 0;
    const ahead = (slices: number): number =>
      Math.max(bounds.nanoAhead(facts, slices) ?? 0, neededNano);
    if (ahead(1) <= this.#heldNano) return undefined;
    const moreNano = ahead(2);
    if (this.#reserve(moreNano) || neededNano <= this.#heldNano) return undefined;
    if (this.#reserve(neededNano) || this.#mayGoOnAsking(facts)) return undefined;
    bounds.ended();
    this.#decision = "cut_off";
    this.#cutOff = budgetRefusal(hold, { isCutOff: true, needNano: neededNano - this.#heldNano });
    return this.#cutOff;
  }

  /** Of a stream that is cut off: is what was read of it, by itself, less than what is held? */
  holdsMoreThanRead(facts: ResponseFacts): boolean {
    return (this.#bounds.seenNanoAtMost(facts) ?? Infinity) < this.#heldNano;
  }

  /** Of a stream: nobody reads on, and `end` may come later. */
  readEnded(): void {
    this.#bounds.ended();
  }

  /** Of a stream: nothing more has come than was read. */
  caughtUp(facts: ResponseFacts): void {
    this.#bounds.caughtUp(facts);
  }

  /**
   * While there may come more, a stream lives on what it holds for the time after it would be cut off; where nothing may
   * be overspent only as long as an answer takes.
   */
  #mayGoOnAsking(facts: ResponseFacts): boolean {
    const { hold, nowMs } = this.#input;
    const account = hold.refusedBy?.account;
    const mayCome = this.#takesWorst
      ? account?.isAnsweredSoon(nowMs())
      : account?.mayGetMore(nowMs());
    if (mayCome !== true) return false;
    return (this.#bounds.seenNanoAtMost(facts) ?? 0) <= this.#heldNano;
  }

  #incur(facts: ResponseFacts): void {
    const bounds = this.#bounds;
    const goneNano = this.#takesWorst ? bounds.nanoAtMost(facts) : bounds.expectedNano(facts);
    const costNano = Math.min(goneNano ?? 0, this.#heldNano);
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
    let cost: CallCost | undefined;
    try {
      cost = this.#cost(end);
      if (end.kind === "answered") this.#learn(end.facts);
    } finally {
      // All of its budgets are charged the same, since its span names one charge.
      const spentNano = this.#takesWorst ? cost?.atMostNano : cost?.spentNano;
      this.#chargedNano = spentNano ?? this.#heldNano;
      this.#shortfallNano = settle(hold, spentNano, cost?.atMostNano);
    }
  }

  /** Undefined: nobody knows. */
  #cost(end: CallEnd): CallCost | undefined {
    const { estimator, subject, startedMs } = this.#input;
    if (end.kind === "refused" || (end.kind === "failed" && isUnsent(end.error)))
      return costOf(0, 0);
    // Nobody knows whether the provider has worked for it.
    if (end.kind === "failed") return costOf(this.#bounds.inputNano, this.#heldNano);
    const { facts } = end;
    if (facts.isFromCache) return costOf(0, 0);
    const reported = estimator.costOf(subject, facts, {
      serviceTier: subject.serviceTier,
      startedMs,
    });
    if (reported !== undefined) return reported;
    if (!subject.isStream || facts.problem === "body_not_read") return undefined;
    // By everything that was learned since it began.
    this.#bounds.learnAnew();
    return costOf(this.#bounds.expectedNano(facts), this.#bounds.nanoAtMost(facts));
  }

  #learn({ hasUsage, isFromCache, problem, usage, outputTokensAtMost }: ResponseFacts): void {
    const { estimator, subject, inputTokensAtMost } = this.#input;
    if (!hasUsage || isFromCache || problem !== undefined) return;
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

/** Undefined where one of the two is not known. */
function costOf(
  spentNano: number | undefined,
  atMostNano: number | undefined,
): CallCost | undefined {
  if (spentNano === undefined || atMostNano === undefined) return undefined;
  return { spentNano, atMostNano: Math.max(spentNano, atMostNano) };
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

function incurredNanoOf(hold: Hold): number {
  let most = 0;
  for (let index = 0; index < hold.count; index += 1) {
    most = Math.max(most, hold.charges[index]?.incurredNano ?? 0);
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
