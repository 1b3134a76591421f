import { BILL_RULES, isBilledRule } from "../billing/bill-rule.ts";
import type { BillRule } from "../billing/bill-rule.ts";
import { isModelCall } from "../dialects/call-role.ts";
import type { CallRole } from "../dialects/call-role.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { textOf } from "./row-values.ts";

export type VerdictKind = "billed" | "failed" | "repeated" | "aggregate" | "no_call";

export interface CallVerdict {
  readonly kind: VerdictKind;
  /** Column `bill_rule`; undefined on records that are no model call. */
  readonly rule: string | undefined;
  /** A whole sentence. */
  readonly text: string;
  /** Span id of the record that is billed instead. */
  readonly shadowedBy: string | undefined;
}

/** Whether the row counts as a call, and why. Every row has an answer. */
export function verdictOf(row: SpanRow): CallVerdict {
  const rule = textOf(row, "bill_rule");
  const kind = kindOf(row, rule);
  const shadowedBy = textOf(row, "shadowed_by");
  const text = kind === "no_call" ? noCallText(row) : ruleText(rule, kind);
  return { kind, rule, text, shadowedBy };
}

function isKnownRule(rule: string): rule is BillRule {
  return Object.hasOwn(BILL_RULES, rule);
}

function kindOf(row: SpanRow, rule: string | undefined): VerdictKind {
  if (row["billed"] === true) return "billed";
  if (rule === undefined) return "no_call";
  if (rule === "failed" || rule === "aggregate") return rule;
  return isKnownRule(rule) && isBilledRule(rule) ? "billed" : "repeated";
}

const RULE_TEXTS: Readonly<Record<BillRule, string>> = {
  call: "This is the record of an answered call, the best one if there are several.",
  failed:
    "The provider refused or broke the call and reported no usage: it counts as an attempt and as an error, and there is nothing to pay for.",
  aggregate_only:
    "The record of an agent, step or workflow. No call below it reported better usage, so its sum is what is billed.",
  aggregate:
    "The record of an agent, step or workflow. Its usage sums up calls below it that are billed themselves; counting both would double the cost.",
  covered: "The call reported no usage of its own and lies below a record that is billed for it.",
  same_span:
    "Another record of the same span, or a log that was written inside it. The span is what is billed.",
  nested:
    "Another instrumentation's record of the same call, above or below the one that is billed.",
  same_response:
    "Another instrumentation's record of the same call: both carry the same response id.",
  twin: "Another instrumentation's record of the same call: time, model and counts agree.",
  meter:
    "A metric counted these tokens, together with those of the points beside it, and no span and no log tells the calls that used them.",
  meter_told: "A metric counted these tokens. They are billed with other records.",
};

function ruleText(rule: string | undefined, kind: VerdictKind): string {
  if (rule !== undefined && isKnownRule(rule)) return RULE_TEXTS[rule];
  const name = rule === undefined ? "no rule" : `the rule "${rule}"`;
  return kind === "billed" ? `Billed by ${name}.` : `Not billed by ${name}.`;
}

const ROLE_TEXTS: Readonly<Partial<Record<CallRole, string>>> = {
  tool: "A tool ran here. The model's provider charges nothing for it; a model call inside it has a record of its own.",
  retrieval: "A retrieval, not a call to a model.",
  agent: "An agent at work. The calls that it makes have records of their own.",
  step: "A step of an agent. The calls in it have records of their own.",
  workflow: "A workflow. The calls in it have records of their own.",
  chain: "A chain around other work. The calls in it have records of their own.",
  cache:
    "Answered from a cache, so that no provider was called: nothing is owed. The cost on the record is what the call would have come to.",
};

function noCallText(row: SpanRow): string {
  if (textOf(row, "signal") === "metric") {
    return "A point of a metric sums up many calls. It is billed for tokens only where no span and no log tells the calls, by the next recomputation.";
  }
  const role = textOf(row, "call_role") as CallRole | undefined;
  if (role !== undefined && isModelCall(role)) {
    return "The record says that it is a call to a model, but it names neither a model nor any usage, so nothing shows that a call was made.";
  }
  if (textOf(row, "usage_rule") === "unread-count") {
    return "The record counts tokens, under names that are not known here, and nothing else on it says that a model was called: it is in no total.";
  }
  const known = role === undefined ? undefined : ROLE_TEXTS[role];
  return known ?? "Nothing on this record says that a model was called.";
}
