import type { BillRule } from "./bill-rule.ts";
import { orderEdges } from "./call-edges.ts";
import type { CallEdge } from "./call-edges.ts";
import { CallGroups } from "./call-groups.ts";
import type { CallRecord, Key, SpanLinks, Verdict } from "./call-record.ts";
import { findNestedCalls } from "./nested-calls.ts";
import { findSameResponses } from "./same-response.ts";
import { resolvePair } from "./resolve-pair.ts";
import { SpanTree } from "./span-tree.ts";
import { findTwins } from "./twins.ts";
import { BilledUnits } from "./billed-units.ts";

/**
 * Decides for every record whether it is billed, and if not, which record is billed instead: every answered
 * call counts once, whoever reported it how often. The answer depends on the set of records alone, not on
 * their order, and for each record only on those that are linked to it: by trace, by response id, or as twins.
 *
 * 1. Call records inside one another are one call, or the outer sums the inner ones up (nested-calls.ts).
 * 2. Records with one response id are one call (same-response.ts).
 * 3. Twins are one call (twins.ts). Steps 1 to 3 join records one to one (call-groups.ts).
 * 4. Of what sums up and what it sums up, the side with the better usage is billed (billed-units.ts).
 * 5. Of the records of a call the best one is billed (best-record.ts).
 *
 * Two calls in traces of their own are decided at once (resolve-pair.ts): the same verdicts, in a part of the time.
 */
export function resolveCalls(records: readonly CallRecord[], links: SpanLinks): Verdict[] {
  const [first, second] = records;
  if (first !== undefined && second !== undefined && records.length === 2) {
    const pair = resolvePair(first, second);
    if (pair !== undefined) return [...pair];
  }
  const verdicts: Verdict[] = Array.from(records, () => ({ rule: "call", shadowedBy: undefined }));
  for (const positions of byProject(records)) {
    const own = positions.map((at) => records[at] as CallRecord);
    for (const [place, { rule, shadowedBy }] of resolveProject(own, links).entries()) {
      verdicts[positions[place] as number] = {
        rule,
        shadowedBy: shadowedBy === undefined ? undefined : positions[shadowedBy],
      };
    }
  }
  return verdicts;
}

function byProject(records: readonly CallRecord[]): Iterable<number[]> {
  const projects = new Map<Key, number[]>();
  for (const [at, { project }] of records.entries()) {
    const positions = projects.get(project);
    if (positions === undefined) projects.set(project, [at]);
    else positions.push(at);
  }
  return projects.values();
}

function resolveProject(records: readonly CallRecord[], links: SpanLinks): Verdict[] {
  const tree = new SpanTree(records, links);
  const nested = findNestedCalls(records, tree);
  const single = positionsOf(records).filter(
    (at) => records[at]?.part === "call" && !nested.sums.has(at),
  );
  const edges: CallEdge[] = [
    ...findSameSpans(records),
    ...nested.edges,
    ...findSameResponses(records, single),
    ...findTwins(records, single, tree),
  ];
  const groups = new CallGroups(records);
  for (const edge of orderEdges(edges, records)) groups.join(edge);
  const units = new BilledUnits(records, { tree, groups });
  units.settle(nested.sums);
  return records.map((_, at) => verdictOf(at, groups, units));
}

function positionsOf(records: readonly CallRecord[]): number[] {
  return records.map((_, at) => at);
}

/** One span that landed twice, under two requests. */
function findSameSpans(records: readonly CallRecord[]): CallEdge[] {
  const first = new Map<string, number>();
  const edges: CallEdge[] = [];
  for (const [at, { trace, span }] of records.entries()) {
    if (trace === undefined || span === undefined) continue;
    const name = `${trace} ${span}`;
    const before = first.get(name);
    if (before === undefined) first.set(name, at);
    else edges.push({ rule: "same_span", left: before, right: at, distanceMicros: 0 });
  }
  return edges;
}

function verdictOf(at: number, groups: CallGroups, units: BilledUnits): Verdict {
  const { billed, isOwn } = units.billedFor(at);
  if (billed === at) return { rule: units.billedRule(at), shadowedBy: undefined };
  const rule: BillRule = isOwn ? (groups.ruleOf(at) ?? "twin") : units.shadowRule(at);
  return { rule, shadowedBy: billed };
}
