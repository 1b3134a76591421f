import type { BudgetMode } from "../control/budgets.ts";
import type { CallScope } from "../control/call-scope.ts";

/**
 * What an alert says, as webhooks receive it: the body is the JSON of an `Alert`. Amounts are nano-USD in digits,
 * times ISO 8601 in UTC. Members may be added under the same format version; a member that changes its meaning
 * or goes raises it.
 */
export const ALERT_FORMAT_VERSION = 1;

export const ALERT_SEVERITIES = ["info", "warning", "critical"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** Everything that can be told; `test` is what the test button of a channel sends. */
export const ALERT_KINDS = [
  "budget.threshold",
  "budget.exceeded",
  "budget.forecast",
  "kill_switch.triggered",
  "kill_switch.released",
  "kill_switch.drill",
  "spend.unpriced",
  "ingest.trouble",
  "api_key.expiring",
  "billing.trouble",
  "test",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** The budget and the period that an alert is about. */
interface BudgetFacts {
  readonly budgetId: string;
  readonly budgetName: string;
  readonly scope: CallScope;
  /** Whose amount it is, when every user, team, ... has one of its own: `{key: "user", value: "ada"}`. */
  readonly each?: { readonly key: string; readonly value: string };
  readonly mode: BudgetMode;
  readonly limitNanoUsd: string;
  readonly spentNanoUsd: string;
  readonly periodStartsAt: string;
  /** Absent for a total. */
  readonly resetsAt?: string;
  /** The period had ended when this was told: it was held back, or the calls landed late. */
  readonly isOver?: true;
  /** When many values reach the same at once: the others, told in this one message. */
  readonly alsoReached?: AlsoReached;
}

/** Values of a budget that one message tells of, besides `each`, which spent most. */
export interface AlsoReached {
  /** How many. */
  readonly values: number;
  /** Those of them that spent most, the highest first. */
  readonly top: readonly { readonly value: string; readonly spentNanoUsd: string }[];
}

interface KillSwitchFacts {
  readonly killSwitchId: string;
  readonly scope: CallScope;
  readonly reason: string;
  /** Who did it, as in the audit log. */
  readonly actor: string;
}

export interface AlertDetails {
  readonly "budget.threshold": BudgetFacts & { readonly thresholdPercent: number };
  /** All of the amount is spent; with mode `enforce` calls are refused. */
  readonly "budget.exceeded": BudgetFacts;
  readonly "budget.forecast": BudgetFacts & {
    /** What will be spent at the end of the period. */
    readonly forecastNanoUsd: string;
    /** Between these with `confidencePercent`. */
    readonly lowNanoUsd: string;
    readonly highNanoUsd: string;
    readonly confidencePercent: number;
    /** How it was worked out, in words. */
    readonly method: string;
  };
  readonly "kill_switch.triggered": KillSwitchFacts;
  readonly "kill_switch.released": KillSwitchFacts;
  readonly "kill_switch.drill": {
    readonly drillId: string;
    readonly actor: string;
    readonly processes: number;
    readonly acknowledged: number;
    /** Until the last one that did. */
    readonly tookMs?: number;
  };
  /** Calls of a model that has no price: their cost is unknown and no budget counts them. */
  readonly "spend.unpriced": {
    readonly provider?: string;
    readonly model?: string;
    readonly calls: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
    /** What as many tokens of the project's priced calls cost; absent when there are none to compare with. */
    readonly atStakeNanoUsd?: string;
    /** How many more models this message tells of, with fewer calls each. */
    readonly others?: number;
  };
  readonly "ingest.trouble": {
    readonly trouble: IngestTrouble;
    /** Whose records; absent when it is about all. */
    readonly serviceName?: string;
    readonly reason?: string;
    readonly records?: number;
    /** How many more services and reasons this message tells of, with fewer records each. */
    readonly others?: number;
  };
  readonly "api_key.expiring": {
    readonly keyId: string;
    /** The first characters, which are no secret. */
    readonly prefix: string;
    readonly expiresAt: string;
    readonly daysBefore: number;
  };
  readonly "billing.trouble": {
    readonly trouble: BillingTrouble;
    /** Of Stripe or of the console, in words. */
    readonly reason?: string;
    /** The charges and corrections that no invoice has; absent for `stopped`, which concerns all. */
    readonly missing?: {
      readonly charges: number;
      /** Negative when corrections prevail. */
      readonly amountNanoUsd: string;
      /** How many tenants they are of. */
      readonly tenants: number;
      /** Some of them, by name. */
      readonly tenantNames: readonly string[];
      /** The first day that they are for, in UTC: `2026-11-01`. */
      readonly firstDay: string;
    };
  };
  readonly test: { readonly channelName: string };
}

/**
 * `rejected`: a collector refused records; `dropped`: an SDK lost them before they were sent; `collector_silent`:
 * none of the collectors asks the console any more; `review_failing`: bills are not reviewed; `seal_failing`: what lands is not
 * sealed, perhaps because somebody has changed what was.
 */
export type IngestTrouble =
  | "rejected"
  | "dropped"
  | "collector_silent"
  | "review_failing"
  | "seal_failing";

/**
 * `refused`: Stripe does not take a charge; `late`: a charge has not arrived there for a day; `stopped`: nothing can be charged
 * at all, because Stripe refuses the key or the calls cannot be added up.
 */
export type BillingTrouble = "refused" | "late" | "stopped";

/** What happened, without where it is told. */
export type AlertFacts = {
  readonly [Kind in AlertKind]: { readonly kind: Kind; readonly details: AlertDetails[Kind] };
}[AlertKind];

export type Alert = AlertFacts & {
  readonly formatVersion: typeof ALERT_FORMAT_VERSION;
  /** The same in every attempt and on every channel: whoever has seen it need not see it again. */
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly projectId: string;
  readonly occurredAt: string;
  /** One line for people. */
  readonly title: string;
  /** One or two sentences for people. */
  readonly text: string;
  /** The page of the console that shows it. */
  readonly url: string;
};
