import type { RelatedRecord } from "@lensai/analytics/queries/related-records";
import type { CallExplanation } from "@lensai/otel-config/explain/explain-call";

/** How the cost of one record came about. */
export interface CallArithmetic {
  readonly record: ArithmeticRecord;
  readonly explanation: CallExplanation;
  /** Other records of the same call, the billed one first. */
  readonly related: readonly RelatedRecord[];
}

interface ArithmeticRecord {
  readonly batchId: string;
  readonly recordOrdinal: bigint | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly startUnixMs: number;
  /** span, log or metric. */
  readonly signal: string;
  readonly spanName: string | undefined;
  readonly model: string | undefined;
  readonly provider: string | undefined;
  readonly serviceName: string | undefined;
  readonly scopeName: string | undefined;
  readonly scopeVersion: string | undefined;
}

/** A value as JSON carries it: an amount is decimal text, because a JSON number is a double. */
export type Wire<T> = T extends bigint
  ? string
  : T extends readonly (infer Element)[]
    ? readonly Wire<Element>[]
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T;

/** JSON text of the wire form; unknown values are left out. */
export function wireText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "bigint" ? member.toString() : member,
  );
}

export function toWire<T>(value: T): Wire<T> {
  return JSON.parse(wireText(value)) as Wire<T>;
}

/** Reads an amount or a count of the wire form. */
export function fromWire(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : BigInt(text);
}

type VerdictTone = "good" | "warn" | "muted";

export interface Headline {
  /** In place of, or beside, the cost. */
  readonly badge: string;
  readonly tone: VerdictTone;
  readonly text: string;
}

/** What a person wants to know first about a record: what it counts as, and why. */
export function headlineOf({ verdict, usage, noCost }: Wire<CallExplanation>): Headline {
  const { kind, text } = verdict;
  if (kind === "no_call") return { badge: "not a call", tone: "muted", text };
  if (kind === "failed") return { badge: "failed, not billed", tone: "muted", text };
  if (kind !== "billed") return { badge: BADGES[kind], tone: "muted", text };
  if (noCost !== undefined) return { badge: "cost unknown", tone: "warn", text: noCost.text };
  if (usage.source?.name === "estimated") {
    return { badge: "estimated", tone: "warn", text: estimateText(usage) };
  }
  return { badge: "billed", tone: "good", text };
}

const BADGES = { repeated: "not billed: a repeat", aggregate: "not billed: a sum" } as const;

function estimateText({ rule }: Wire<CallExplanation>["usage"]): string {
  const words = rule?.words ?? "the counts are not the provider's own";
  return `The cost is an estimate: ${words}.`;
}
