import type { AlertDetails, AlertFacts, AlsoReached } from "@lensai/otel-config/alerts/alert";
import type { AlertOccurrence } from "./record-alerts.ts";

/** An event that is new, and what it says. */
export interface NewAlert {
  readonly id: string;
  readonly occurrence: AlertOccurrence;
}

/** Events of which one message tells: the first one's. */
export interface ToldTogether {
  /** Of the value that spent most; its details name the others. */
  readonly lead: NewAlert;
  readonly otherIds: readonly string[];
}

/** So many of one group are told one by one, within an hour as in one look; more, in one message. */
export const SINGLE_MAX = 5;
/** Named in the message, besides the first one. */
const NAMED_MAX = 9;

/**
 * What is told as a message of its own, and what together: the members of a group, when they are more than anybody reads one
 * by one. Every one stays an event of its own, and so is never told of again. `before` has the number of messages of
 * each group that were told lately.
 */
export function tellTogether(
  alerts: readonly NewAlert[],
  before: ReadonlyMap<string, number> = new Map(),
): ToldTogether[] {
  const groups = Map.groupBy(alerts, (alert) => groupOf(alert.occurrence) ?? alert);
  return Array.from(groups, ([name, group]) => {
    const toldBefore = typeof name === "string" ? (before.get(name) ?? 0) : 0;
    return group.length === 1 || toldBefore + group.length <= SINGLE_MAX
      ? group.map((lead) => ({ lead, otherIds: [] }))
      : [together(group)];
  }).flat();
}

/**
 * The same for what apps can make many of, and nobody wants to read one by one: values of one budget that reached the same in
 * the same period, models without a price, services that lose records. Undefined for all else.
 */
export function groupOf(facts: AlertFacts): string | undefined {
  const { kind, details } = facts;
  if (isOfBudget(facts)) {
    if (facts.details.each === undefined) return undefined;
    const percent = "thresholdPercent" in facts.details ? facts.details.thresholdPercent : 100;
    return `${kind} ${facts.details.budgetId} ${facts.details.periodStartsAt} ${percent}`;
  }
  if (kind === "ingest.trouble") return `${kind} ${details.trouble}`;
  return kind === "spend.unpriced" ? kind : undefined;
}

function together(group: readonly NewAlert[]): ToldTogether {
  const [lead, ...others] = group.toSorted(byRank) as [NewAlert, ...NewAlert[]];
  const rest = isOfBudget(lead.occurrence)
    ? { alsoReached: alsoReached(others) }
    : { others: others.length };
  const details = { ...lead.occurrence.details, ...rest };
  const occurrence = { ...lead.occurrence, details } as AlertOccurrence;
  return { lead: { id: lead.id, occurrence }, otherIds: others.map(({ id }) => id) };
}

function alsoReached(others: readonly NewAlert[]): AlsoReached {
  return {
    values: others.length,
    top: others.slice(0, NAMED_MAX).map(({ occurrence }) => {
      const { each, spentNanoUsd } = occurrence.details as AlertDetails["budget.exceeded"];
      return { value: each?.value ?? "", spentNanoUsd };
    }),
  };
}

/** What weighs most comes first; of equals, the one whose name does. */
function byRank({ occurrence: one }: NewAlert, { occurrence: other }: NewAlert): number {
  const difference = weightOf(other) - weightOf(one);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return one.key < other.key ? -1 : 1;
}

/** Nano-USD, calls or records: the same within a group. */
function weightOf(occurrence: AlertOccurrence): bigint {
  if (isOfBudget(occurrence)) return BigInt(occurrence.details.spentNanoUsd);
  if (occurrence.kind === "spend.unpriced") return BigInt(occurrence.details.calls);
  if (occurrence.kind === "ingest.trouble") return BigInt(occurrence.details.records ?? 0);
  return 0n;
}

const isOfBudget = <Facts extends AlertFacts>(
  facts: Facts,
): facts is Extract<Facts, { kind: "budget.threshold" | "budget.exceeded" }> =>
  facts.kind === "budget.threshold" || facts.kind === "budget.exceeded";
