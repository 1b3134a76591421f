import type { UsageSource } from "../usage/usage.ts";
import type { BillRule } from "./bill-rule.ts";

/** Any value that is equal for the same thing and for nothing else: a text, a hash of it, a code. */
export type Key = string | number;

/**
 * What a record is for billing: a call to a model, or something with usage of its own that may sum up calls.
 * An agent (also a workflow) starts work of its own; a step (also a chain) is a part of what is around it.
 */
export type CallPart = "call" | "agent" | "step";

/** One record that may be billed, reduced to what tells whether others speak of the same call. */
export interface CallRecord {
  /** Unique, the same for ever: what decides between records that are alike in everything else. */
  readonly id: string;
  readonly project: Key;
  readonly signal: "span" | "log";
  readonly part: CallPart;
  readonly trace: Key | undefined;
  /** Undefined for logs and for spans without a valid id. */
  readonly span: Key | undefined;
  /** The parent span; for a log the span it was written in. */
  readonly parent: Key | undefined;
  /** What sent it: the service. Records of different services are one call only by link or response id. */
  readonly service: Key;
  /** The instance of the service; undefined when it does not say. */
  readonly instance: Key | undefined;
  /** The instrumentation scope (and for a log its event): it speaks of each call once, nesting aside. */
  readonly scope: Key;
  /** Families of the models asked for and answering; none when the record names no model. */
  readonly models: readonly Key[];
  readonly responseId: Key | undefined;
  readonly startMicros: number;
  /** The same as the start for a log: the moment when it was written, mostly at the end of the call. */
  readonly endMicros: number;
  readonly usage: CallUsage;
}

export interface CallUsage {
  /** `none`: the call failed before it cost anything. */
  readonly source: UsageSource | "none";
  /** Inclusive counts; undefined when not known. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  /** Parts of them that some records of a call leave out: the cached part, what tools brought, the reasoning part. */
  readonly cached: number;
  readonly toolUsePrompt: number;
  readonly reasoning: number;
  /** How many parts the record tells apart: of two records of a call the richer one is billed. */
  readonly partCount: number;
  readonly isPriced: boolean;
}

/** Where spans that are no call records hang: an HTTP span between an agent and its call, say. */
export interface SpanLinks {
  /** Undefined for a span that is not known. */
  find(record: CallRecord, span: Key): SpanLink | undefined;
}

export interface SpanLink {
  /** Undefined for a root. */
  readonly parent: Key | undefined;
  /** A tool, agent or workflow: what lies below it is not the same call as what lies above. */
  readonly isBoundary: boolean;
}

export interface Verdict {
  readonly rule: BillRule;
  /** Position, among the records given, of the one that is billed instead. */
  readonly shadowedBy: number | undefined;
}
