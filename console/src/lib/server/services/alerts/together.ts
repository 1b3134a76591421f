import type { AlertDetails, AlsoReached } from "@lensai/otel-config/alerts/alert";
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

/** So many values that reach the same in one look are told one by one; more, in one message. */
const SINGLE_MAX = 5;
/** Named in the message, besides the first one. */
const NAMED_MAX = 9;

/**
 * What is told as a message of its own, and what together: the values of a budget that reached the same in one look, when they
 * are more than anybody reads one by one. Every value stays an event of its own, and so is never told of again.
 */
export function tellTogether(alerts: readonly NewAlert[]): ToldTogether[] {
  const groups = Map.groupBy(alerts, (alert) => sameReach(alert) ?? alert);
  return [...groups.values()].flatMap((group) =>
    group.length <= SINGLE_MAX ? group.map((lead) => ({ lead, otherIds: [] })) : [together(group)],
  );
}

/** The same for values of one budget that reached the same in the same period; undefined for whatever is no value. */
function sameReach({ occurrence }: NewAlert): string | undefined {
  const { kind, details } = occurrence;
  if (kind !== "budget.threshold" && kind !== "budget.exceeded") return undefined;
  if (details.each === undefined) return undefined;
  const percent = kind === "budget.threshold" ? details.thresholdPercent : 100;
  return `${kind} ${details.budgetId} ${details.periodStartsAt} ${percent}`;
}

function together(group: readonly NewAlert[]): ToldTogether {
  const [lead, ...others] = group.toSorted(byRank) as [NewAlert, ...NewAlert[]];
  const alsoReached: AlsoReached = {
    values: others.length,
    top: others.slice(0, NAMED_MAX).map((other) => {
      const { each, spentNanoUsd } = factsOf(other);
      return { value: each?.value ?? "", spentNanoUsd };
    }),
  };
  const details = { ...factsOf(lead), alsoReached };
  const occurrence = { ...lead.occurrence, details } as AlertOccurrence;
  return { lead: { id: lead.id, occurrence }, otherIds: others.map(({ id }) => id) };
}

/** Who spent most comes first; of equals, the one whose name does. */
function byRank(one: NewAlert, other: NewAlert): number {
  const a = factsOf(one);
  const b = factsOf(other);
  const difference = BigInt(b.spentNanoUsd) - BigInt(a.spentNanoUsd);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return (a.each?.value ?? "") < (b.each?.value ?? "") ? -1 : 1;
}

/** Of an event that `sameReach` knows. */
const factsOf = ({ occurrence }: NewAlert): AlertDetails["budget.exceeded"] =>
  occurrence.details as AlertDetails["budget.exceeded"];
