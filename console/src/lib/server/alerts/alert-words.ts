import type { AlertDetails, AlertFacts, AlertKind } from "@lensai/otel-config/alerts/alert";
import { formatCount, formatCounted } from "#lib/format/count.ts";
import { formatMoney } from "#lib/format/money.ts";
import { formatSecond } from "#lib/format/time.ts";
import { scopeParts } from "#lib/scope.ts";
import type { CallScope } from "@lensai/otel-config/control/call-scope";

/** An alert in words, the same on every channel and on the page. Plain text: each channel escapes it its own way. */
export interface AlertWords {
  readonly title: string;
  /** One or two sentences. */
  readonly text: string;
  /** What one wants to see at a glance. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** How much of a whole, as a number from 0, for a bar; undefined where there is no whole. */
  readonly share: number | undefined;
  /** The page of the project that shows more: "control". */
  readonly page: "alerts" | "billing" | "budgets" | "control" | "settings" | "sources";
}

type WordsOf<Kind extends AlertKind> = (details: AlertDetails[Kind]) => AlertWords;

/** Names come from people and programs; in a title they are short. */
const NAME_CHARACTERS_MAX = 80;
/** What Stripe says to a refusal is a sentence or two. */
const REASON_CHARACTERS_MAX = 300;

/** `actorName`: what people call whoever did it. */
export function alertWords({
  kind,
  details,
  actorName,
}: AlertFacts & { readonly actorName?: string | undefined }): AlertWords {
  const isNamed = "actor" in details && actorName !== undefined;
  return (WORDS[kind] as WordsOf<typeof kind>)(
    isNamed ? { ...details, actor: actorName } : details,
  );
}

const WORDS: { readonly [Kind in AlertKind]: WordsOf<Kind> } = {
  "budget.threshold": (details) => ({
    ...budgetFrame(details),
    title: `${budgetTitle(details)}: ${details.thresholdPercent} % ${isOrWas(details)} spent`,
    text: `${shareOf(details)} ${isOrWas(details)} spent${othersOf(details)}.`,
  }),
  "budget.exceeded": (details) => ({
    ...budgetFrame(details),
    title: `${budgetTitle(details)}: ${exceededWords(details)}`,
    text: `${spentOf(details)}. ${refusalWords(details)}.`,
  }),
  "budget.forecast": (details) => ({
    ...budgetFrame(details),
    title: `${budgetTitle(details)}: will not last`,
    text:
      `At the end of the period ${formatMoney(BigInt(details.forecastNanoUsd))} will be spent, ` +
      `with ${details.confidencePercent} % confidence between ${formatMoney(BigInt(details.lowNanoUsd))} and ` +
      `${formatMoney(BigInt(details.highNanoUsd))} (${details.method}).`,
  }),
  "kill_switch.triggered": (details) => ({
    title: "Calls are stopped",
    text: `${scopeWords(details.scope)}: refused in every instrumented process until somebody releases them.`,
    facts: killSwitchRows(details),
    share: undefined,
    page: "control",
  }),
  "kill_switch.released": (details) => ({
    title: "Calls may go again",
    text: `${scopeWords(details.scope)}: the kill-switch was released.`,
    facts: killSwitchRows(details),
    share: undefined,
    page: "control",
  }),
  "kill_switch.drill": (details) => ({
    title: `Kill-switch drill: ${formatCount(details.acknowledged)} of ${formatCounted(details.processes, "process", "processes")} answered`,
    text: "Nothing was refused.",
    facts: [
      ["By", details.actor],
      ...(details.tookMs === undefined
        ? []
        : [["Last answer after", `${formatCount(Math.round(details.tookMs))} ms`] as const]),
    ],
    share: details.processes === 0 ? undefined : details.acknowledged / details.processes,
    page: "control",
  }),
  "spend.unpriced": (details) => {
    const tokens = `${formatCount(BigInt(details.inputTokens))} in, ${formatCount(BigInt(details.outputTokens))} out`;
    const model = short(details.model ?? "a model without a name");
    const { calls, others = 0 } = details;
    return {
      title: `No price for ${others === 0 ? model : formatCounted(others + 1, "model")}`,
      text:
        `${formatCounted(calls, "call")}${others === 0 ? "" : ` of ${model}, and those of ${formatCounted(others, "more model")},`} ` +
        "cost something that nobody knows: no budget counts them. " +
        "Set a price; what has landed is priced with it as well.",
      facts: [
        ["Provider", short(details.provider ?? "not named")],
        ["Tokens", tokens],
        ...(details.atStakeNanoUsd === undefined
          ? []
          : [["At stake", `≈ ${formatMoney(BigInt(details.atStakeNanoUsd))}`] as const]),
      ],
      share: undefined,
      page: "sources",
    };
  },
  "ingest.trouble": (details) => ({
    ...TROUBLE_WORDS[details.trouble],
    facts: [
      ...(details.serviceName === undefined
        ? []
        : [["Service", short(details.serviceName)] as const]),
      ...(details.reason === undefined ? [] : [["Reason", short(details.reason)] as const]),
      ...(details.records === undefined
        ? []
        : [["Records", formatCount(details.records)] as const]),
      ...(details.others === undefined
        ? []
        : [
            [
              "Also",
              formatCounted(details.others, "other service or reason", "other services or reasons"),
            ] as const,
          ]),
    ],
    share: undefined,
    page: "sources",
  }),
  "api_key.expiring": (details) => ({
    title: `API key ${details.prefix}… expires ${details.daysBefore <= 1 ? "within a day" : `within ${details.daysBefore} days`}`,
    text: "Whoever still sends with it will be refused from then on. Create another one and change over.",
    facts: [["Expires", formatSecond(Date.parse(details.expiresAt))]],
    share: undefined,
    page: "settings",
  }),
  "billing.trouble": (details) => ({
    ...BILLING_WORDS[details.trouble],
    facts: billingRows(details),
    share: undefined,
    page: "billing",
  }),
  test: (details) => ({
    title: "This is a test",
    text: `Alerts for "${short(details.channelName)}" arrive here. Nothing has happened.`,
    facts: [],
    share: undefined,
    page: "alerts",
  }),
};

const TROUBLE_WORDS: Readonly<
  Record<
    AlertDetails["ingest.trouble"]["trouble"],
    { readonly title: string; readonly text: string }
  >
> = {
  rejected: {
    title: "Records are refused at ingest",
    text: "A collector refuses records of this project. What they tell of is missing from every figure.",
  },
  dropped: {
    title: "Records are lost before they are sent",
    text: "An SDK reports that it dropped records. What they tell of is missing from every figure.",
  },
  collector_silent: {
    title: "No collector is heard of",
    text: "No collector asks the console for its policy any more. New spend may not be counted, and changes reach nobody.",
  },
  review_failing: {
    title: "Bills are not reviewed",
    text: "The review of what has landed fails. Figures of late records and of repeated calls may be wrong until it works again.",
  },
  seal_failing: {
    title: "The lake is not sealed",
    text: "What lands is not signed until this works again. Where the reason says that something was changed, somebody has written into the lake beside LensAI.",
  },
};

const BILLING_WORDS: Readonly<
  Record<
    AlertDetails["billing.trouble"]["trouble"],
    { readonly title: string; readonly text: string }
  >
> = {
  refused: {
    title: "Stripe refuses charges",
    text: "They are on no invoice. The page of billing says why; set the customer of the tenant again, and they are sent to that one.",
  },
  late: {
    title: "Charges have not reached Stripe for a day",
    text: "They are on no invoice yet. The page of billing says what keeps them, and what to compare.",
  },
  stopped: {
    title: "Customers are not charged",
    text: "Nothing is lost: what is missing is charged once this is mended. Stripe takes usage of the last 34 days.",
  },
};

function billingRows({
  reason,
  missing,
}: AlertDetails["billing.trouble"]): readonly (readonly [string, string])[] {
  const rows: [string, string][] = [];
  if (missing !== undefined) {
    const { charges, amountNanoUsd, tenants, tenantNames, firstDay } = missing;
    const named = tenantNames.map((name) => short(name)).join(", ");
    const more = tenants - tenantNames.length;
    rows.push(
      ["Missing", `${formatMoney(BigInt(amountNanoUsd))} in ${formatCounted(charges, "charge")}`],
      ["Tenants", more > 0 ? `${named} and ${formatCount(more)} more` : named],
      ["Since", firstDay],
    );
  }
  if (reason !== undefined) rows.push(["Reason", short(reason, REASON_CHARACTERS_MAX)]);
  return rows;
}

type BudgetDetails = AlertDetails["budget.exceeded"];

function budgetFrame(details: BudgetDetails): Pick<AlertWords, "facts" | "share" | "page"> {
  const limit = BigInt(details.limitNanoUsd);
  const spent = BigInt(details.spentNanoUsd);
  return {
    facts: [
      ["Spent", `${formatMoney(spent)} of ${formatMoney(limit)}`],
      ["Covers", scopeWords(details.scope)],
      ...(details.resetsAt === undefined
        ? []
        : [
            [
              details.isOver === true ? "Ended" : "Resets",
              formatSecond(Date.parse(details.resetsAt)),
            ] as const,
          ]),
    ],
    // Only for a bar: a thousandth is more than anybody sees.
    share: limit === 0n ? undefined : Number((spent * 1000n) / limit) / 1000,
    page: "budgets",
  };
}

function budgetTitle({ budgetName, each, alsoReached }: BudgetDetails): string {
  const name = `Budget ${short(budgetName)}`;
  if (each === undefined) return name;
  const noun = each.key === "apiKey" ? "API key" : each.key;
  if (alsoReached === undefined) return `${name}, ${noun} ${short(each.value)}`;
  return `${name}, ${formatCounted(alsoReached.values + 1, noun)}`;
}

/** " by ada; bob $4.10, carl $4.00 and 1,990 more follow": of a message that tells of many values. */
function othersOf({ each, alsoReached }: BudgetDetails): string {
  if (each === undefined || alsoReached === undefined) return "";
  const { values, top } = alsoReached;
  const named = top
    .map(({ value, spentNanoUsd }) => `${short(value)} ${formatMoney(BigInt(spentNanoUsd))}`)
    .join(", ");
  const more = values > top.length ? ` and ${formatCount(values - top.length)} more` : "";
  return ` by ${short(each.value)}; ${named}${more} follow`;
}

/** An enforced budget has a rest that no call fits into, or that calls under way hold. */
function spentOf(details: BudgetDetails): string {
  const spent = `${shareOf(details)} ${isOrWas(details)} spent${othersOf(details)}`;
  if (details.isOver === true) return spent;
  return BigInt(details.spentNanoUsd) < BigInt(details.limitNanoUsd)
    ? `${spent}, and the rest is held by calls under way or too little for the next one`
    : spent;
}

const shareOf = ({ spentNanoUsd, limitNanoUsd }: BudgetDetails): string =>
  `${formatMoney(BigInt(spentNanoUsd))} of ${formatMoney(BigInt(limitNanoUsd))}`;

const isOrWas = ({ isOver }: BudgetDetails): string => (isOver === true ? "was" : "is");

function exceededWords({ mode, isOver }: BudgetDetails): string {
  if (mode !== "enforce") return isOver === true ? "all of it was spent" : "all of it is spent";
  return isOver === true ? "calls were refused" : "calls are refused";
}

function refusalWords(details: BudgetDetails): string {
  const { mode, isOver } = details;
  if (mode !== "enforce")
    return `Nothing ${isOver === true ? "was" : "is"} refused: the budget is in mode ${mode}`;
  if (isOver === true) return "Calls it covers were refused until the period ended";
  return `Calls it covers are refused${untilReset(details)}`;
}

const untilReset = ({ resetsAt }: BudgetDetails): string =>
  resetsAt === undefined ? "" : ` until ${formatSecond(Date.parse(resetsAt))}`;

function killSwitchRows(
  details: AlertDetails["kill_switch.triggered"],
): readonly (readonly [string, string])[] {
  return [
    ["Covers", scopeWords(details.scope)],
    ["Reason", details.reason],
    ["By", details.actor],
  ];
}

/** "Team support, Provider openai". */
function scopeWords(scope: CallScope): string {
  const parts = scopeParts(scope).map(([label, value]) => `${label} ${short(value)}`);
  return parts.length === 0 ? "Every call of the project" : parts.join(", ");
}

/** On one line, and not too long. */
function short(name: string, charactersMax = NAME_CHARACTERS_MAX): string {
  const line = name.replaceAll(/\s+/g, " ");
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…` : line;
}
