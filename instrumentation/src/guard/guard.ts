import type { BudgetDecision } from "@lensai/otel-config/attributes/lensai";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { parseProjectPrices } from "@lensai/otel-config/control/project-prices";
import type { ProjectPrices } from "@lensai/otel-config/control/project-prices";
import type { Attribution } from "../manual/attribution.ts";
import { neverThrow } from "../spans/never-throw.ts";
import type { JsonObject } from "../wire/json-path.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import type { RequestBody } from "../wire/request-body.ts";
import { admit, roomToClamp } from "./admission.ts";
import { CLAMPED_TOKENS_MIN, withOutputLimit } from "./clamp.ts";
import { Estimator } from "./estimator.ts";
import type { FirstPolicy } from "./first-policy.ts";
import type { EstimatedCall } from "./estimator.ts";
import { GuardClock } from "./guard-clock.ts";
import { GuardedCall } from "./guarded-call.ts";
import { Hold } from "./hold.ts";
import type { LeaseSource } from "./lease-source.ts";
import { LocalLeases } from "./local-leases.ts";
import { budgetRefusal, killSwitchRefusal, staleRefusal } from "./make-refusal.ts";
import { policyAge } from "./policy-age.ts";
import type { PolicyAge } from "./policy-age.ts";
import { NO_POLICY, PolicyBook } from "./policy-index.ts";
import type { PolicyIndex } from "./policy-index.ts";
import type { RefusalError } from "./refusal.ts";
import { requestSizeOf } from "./request-size.ts";
import type { RequestSize } from "./request-size.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";

export interface GuardOptions {
  /** Of the process: what scopes call `environment`, and the id of its API key. */
  readonly environment?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Until a policy has others; the published prices when absent. */
  readonly prices?: PriceBook;
  readonly leases?: LeaseSource;
  /** Where a policy is to be expected. */
  readonly firstPolicy?: FirstPolicy | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs?: () => number;
  /** For how long nothing was heard of the policy; undefined for one that nobody tells. */
  readonly silentMs?: () => number | undefined;
}

/** What a transport knows of a request when it asks whether it may be sent. */
export interface GuardedRequest {
  readonly body: RequestBody;
  /** The transport can send another body in place of this one: it has it whole, and nobody has signed it. */
  readonly isBodyChangeable: boolean;
  /** The transport stops a stream when it is told to. */
  readonly isCuttable: boolean;
  /** The transport has not sent anything, and can let it be. */
  readonly isStoppable: boolean;
  /** The transport can hold the request back until the ledger has answered, and asks again then. */
  readonly canWait: boolean;
}

/**
 * Decides about every call of a process, by the policy that it was given last. Whatever breaks inside, the calls
 * go on as if there were no guard, and the failure is reported: it throws nothing.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #clock: GuardClock;
  readonly #book: PolicyBook;
  #estimator: Estimator | undefined;
  #index: PolicyIndex = NO_POLICY;
  #policy: ControlPolicy | undefined;

  constructor(options: GuardOptions = {}) {
    this.#options = options;
    this.#clock = new GuardClock(options.nowMs ?? Date.now);
    this.#book = new PolicyBook(options.leases ?? new LocalLeases());
  }

  /** The policy that holds; undefined before there is one. */
  get policy(): ControlPolicy | undefined {
    return this.#policy;
  }

  /** While it is not known whether there is a policy: what calls that can wait should wait for. */
  get unknownUntil(): Promise<void> | undefined {
    return this.#options.firstPolicy?.waiting;
  }

  /** Does it have to know a call before it is made? */
  get decides(): boolean {
    return this.unknownUntil !== undefined || this.hasRules;
  }

  /** Could any call be stopped? */
  get hasRules(): boolean {
    return !this.#index.isEmpty || this.#policy?.maxStalenessSeconds !== undefined;
  }

  /** From now on calls are decided about by this policy. One that cannot be used changes nothing. */
  apply(policy: ControlPolicy): void {
    neverThrow("applying a policy", () => {
      if (JSON.stringify(policy.prices) !== JSON.stringify(this.#policy?.prices))
        this.#estimates().changePrices(pricesOf(policy));
      this.#index = this.#book.index(policy);
      this.#policy = policy;
      this.#book.prefetch(policy, this.nowMs());
    });
  }

  /** Undefined when the call is under no budget and no kill-switch. */
  decide(
    call: WireCall,
    request: GuardedRequest,
    attribution: () => Attribution,
  ): GuardedCall | undefined {
    const age = this.#policy && policyAge(this.#policy, this.#options.silentMs?.());
    if (this.#index.isEmpty && age?.staleMode !== "closed") return undefined;
    return neverThrow("deciding about a call", () => {
      const asked = this.#asked(call, request, attribution());
      return age?.staleMode === "closed" && request.isStoppable
        ? this.#refusedForAge(asked, age)
        : this.#decide(asked, request, age);
    });
  }

  #asked(
    call: WireCall,
    request: GuardedRequest,
    { user, team, tenant, feature, route }: Attribution,
  ): AskedCall {
    const { environment, apiKey } = this.#options;
    const { model, provider, isStream } = call;
    const { json, members, length } = request.body;
    const size = requestSizeOf(call, members, length);
    const estimator = this.#estimates();
    const nowMs = this.nowMs();
    const isMetered = isStream && request.isCuttable;
    return {
      call,
      values: { apiKey, environment, feature, model, provider, route, team, tenant, user },
      json,
      size,
      estimate: estimator.estimate(call, size, { route, isMetered, nowMs }),
      estimator,
      isMetered,
      nowMs,
    };
  }

  #decide(asked: AskedCall, request: GuardedRequest, age?: PolicyAge): GuardedCall | undefined {
    const { values, estimate, nowMs } = asked;
    const { canWait } = request;
    // Who is to go on without a policy that is heard is counted, and not stopped.
    const isStoppable = request.isStoppable && age?.staleMode !== "open";
    const hold = new Hold();
    hold.isGrowing = asked.isMetered;
    const decision = admit(this.#index, { values, estimate, nowMs, isStoppable, canWait }, hold);
    if (decision === "unlimited") return undefined;
    const { clamped, answer } = decision === "refused" ? this.#instead(asked, request, hold) : {};
    const decided = clamped === undefined ? decision : "clamped";
    const refusal = refusalOfHold(decided, hold, estimate);
    return this.#guarded(asked, { decision: decided, refusal, hold, clamped, answer, age });
  }

  /** Of a call that is refused: can it be made smaller, or may it be allowed later? */
  #instead(
    asked: AskedCall,
    { canWait, isBodyChangeable }: GuardedRequest,
    hold: Hold,
  ): Pick<DecidedCall, "clamped" | "answer"> {
    // Of a refusal that is about what the process holds, and not about what is left of the budget.
    const wanting = canWait && !hold.isUnpriced ? hold.refusedBy?.account : undefined;
    // Before it is known what is left, there is nothing to make the call smaller for.
    const isEarly = wanting?.isAsking === true;
    const clamped = isBodyChangeable && !isEarly ? this.#clamp(asked, hold) : undefined;
    return {
      clamped,
      answer: clamped === undefined ? wanting?.nextAnswer(asked.nowMs) : undefined,
    };
  }

  /** Whatever its rules are: they may be others by now. */
  #refusedForAge(asked: AskedCall, age: PolicyAge): GuardedCall {
    const refusal = staleRefusal(age.staleSeconds, this.#policy?.maxStalenessSeconds ?? 0);
    return this.#guarded(asked, { decision: "refused", refusal, hold: new Hold(), age });
  }

  #guarded(
    { call: { model, provider, isStream }, values, size, estimate, ...asked }: AskedCall,
    { decision, refusal, hold, clamped, answer, age }: DecidedCall,
  ): GuardedCall {
    return new GuardedCall({
      subject: { model, provider, route: values.route, isStream, serviceTier: size.serviceTier },
      limits: {
        choices: size.choices,
        outputTokensMax: (clamped ?? estimate).outputTokensMax,
      },
      inputTokensAtMost: size.textTokens + size.imageTokens + size.audioTokens,
      decision,
      refusal,
      hold,
      estimate,
      estimator: asked.estimator,
      clampedBody: clamped?.body,
      isMetered: asked.isMetered,
      answer,
      startedMs: asked.nowMs,
      nowMs: () => this.nowMs(),
      staleSeconds: age?.staleSeconds,
    });
  }

  /** The body of a request that fits what is left, with the hold on it; undefined when none does. */
  #clamp(
    { call, values, estimate, nowMs, json }: AskedCall,
    hold: Hold,
  ): ClampedRequest | undefined {
    if (json === undefined || hold.isUnpriced) return undefined;
    const tokens = affordableTokens(hold, estimate);
    if (tokens === undefined) return undefined;
    const body = withOutputLimit(call, json, tokens);
    const amountNano = estimate.quote?.costNano(tokens);
    if (body === undefined || amountNano === undefined) return undefined;
    const { incurredNano, incurredNanoAtMost } = estimate;
    const familyMaxNano = (): number => amountNano;
    const smaller = { amountNano, incurredNano, incurredNanoAtMost, familyMaxNano };
    const refusedBy = hold.refusedBy;
    const again = admit(this.#index, { values, estimate: smaller, nowMs }, hold);
    if (again === "allowed" || again === "warned")
      return { body: JSON.stringify(body), outputTokensMax: tokens };
    hold.refusedBy ??= refusedBy;
    return undefined;
  }

  /** Reading the published prices takes a while, and no process needs them that has no budget. */
  #estimates(): Estimator {
    const { prices } = this.#options;
    return (this.#estimator ??= new Estimator(prices ?? createPriceBook()));
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** The clock of the ledger, which showed `ledgerMs` during the `tookMs` before now: what decides when the two differ. */
  hearTime(ledgerMs: number, tookMs: number): void {
    this.#clock.hear(ledgerMs, tookMs);
  }
}

interface ClampedRequest {
  readonly body: string;
  /** Of each answer. */
  readonly outputTokensMax: number;
}

/** A call, and what it may cost. */
interface AskedCall {
  readonly call: WireCall;
  readonly values: ScopeValues;
  readonly json: JsonObject | undefined;
  readonly size: RequestSize;
  readonly estimate: EstimatedCall;
  readonly estimator: Estimator;
  readonly isMetered: boolean;
  readonly nowMs: number;
}

interface DecidedCall {
  readonly decision: BudgetDecision;
  readonly refusal: RefusalError | undefined;
  readonly hold: Hold;
  readonly clamped?: ClampedRequest | undefined;
  readonly answer?: Promise<void> | undefined;
  readonly age?: PolicyAge | undefined;
}

/** How long each answer may be for what is left; undefined when that is too little to be of use. */
function affordableTokens(
  hold: Hold,
  { quote, outputTokensMax }: EstimatedCall,
): number | undefined {
  const room = roomToClamp(hold);
  const affordable = room === undefined ? undefined : quote?.outputTokensFor(room);
  if (affordable === undefined || affordable < CLAMPED_TOKENS_MIN) return undefined;
  return Math.min(affordable, outputTokensMax);
}

function pricesOf({ prices }: ControlPolicy): ProjectPrices {
  return prices === undefined
    ? { book: createPriceBook(), projectId: undefined }
    : parseProjectPrices(prices);
}

function refusalOfHold(
  decision: BudgetDecision,
  hold: Hold,
  { amountNano, outputTokens, quote }: EstimatedCall,
) {
  if (decision === "killed" && hold.killSwitch !== undefined)
    return killSwitchRefusal(hold.killSwitch);
  if (decision !== "refused") return undefined;
  const needNano = amountNano ?? quote?.costNano(outputTokens) ?? 0;
  return budgetRefusal(hold, { needNano, isCutOff: false });
}
