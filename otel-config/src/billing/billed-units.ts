import { bestRecord, compareRecords } from "./best-record.ts";
import type { BillRule } from "./bill-rule.ts";
import type { CallGroups } from "./call-groups.ts";
import type { CallRecord } from "./call-record.ts";
import { isFailed, usageGrade } from "./same-usage.ts";
import type { SpanTree } from "./span-tree.ts";

interface Shadow {
  /** Root of the group that is billed instead. */
  readonly by: number;
  readonly rule: Extract<BillRule, "aggregate" | "covered">;
}

/**
 * What is billed once: the groups of records of one call, and agents, steps and workflows with usage. Settles
 * what is billed of something that sums up others: the inner ones, unless the outer one knows their usage
 * better than they do.
 */
export class BilledUnits {
  private readonly records: readonly CallRecord[];
  private readonly tree: SpanTree;
  private readonly groups: CallGroups;
  private readonly shadows = new Map<number, Shadow>();
  private readonly best = new Map<number, number>();

  constructor(
    records: readonly CallRecord[],
    { tree, groups }: { tree: SpanTree; groups: CallGroups },
  ) {
    this.records = records;
    this.tree = tree;
    this.groups = groups;
  }

  /** `sums`: call records that sum up calls inside them. From the innermost to the outermost. */
  settle(sums: ReadonlyMap<number, readonly number[]>): void {
    const below = this.callsBelow();
    const outers = [...new Set([...sums.keys(), ...this.positionsOfParts()])];
    outers.sort(
      (left, right) =>
        this.tree.depthOf(right) - this.tree.depthOf(left) ||
        compareRecords(this.recordAt(left), this.recordAt(right)),
    );
    for (const at of outers) this.settleOuter(at, sums.get(at) ?? below.get(at) ?? []);
  }

  /** The record that is billed for this one, and whether it speaks of the same call. */
  billedFor(at: number): { billed: number; isOwn: boolean } {
    const own = this.groups.rootOf(at);
    const root = this.billedRoot(own);
    return { billed: this.bestOf(root), isOwn: root === own };
  }

  billedRule(at: number): BillRule {
    const record = this.recordAt(at);
    if (record.part !== "call") return "aggregate_only";
    return isFailed(record) ? "failed" : "call";
  }

  shadowRule(at: number): BillRule {
    return this.shadows.get(this.groups.rootOf(at))?.rule ?? "aggregate";
  }

  private settleOuter(at: number, inner: readonly number[]): void {
    const own = this.groups.rootOf(at);
    const roots = this.answeredRoots(inner).filter((root) => root !== own);
    if (this.shadows.has(own)) return;
    if (roots.length === 0) {
      this.settleStep(at, own);
      return;
    }
    const grade = Math.max(...roots.map((root) => this.gradeOf(root)));
    if (this.gradeOf(own) > grade) {
      for (const root of roots) this.shadows.set(root, { by: own, rule: "covered" });
      return;
    }
    const best = roots.filter((root) => this.gradeOf(root) === grade);
    const first = best.reduce((left, right) => (this.isBefore(right, left) ? right : left));
    this.shadows.set(own, { by: first, rule: "aggregate" });
  }

  /** A step inside a call, with nothing below it, is a part of that call. */
  private settleStep(at: number, own: number): void {
    if (this.recordAt(at).part !== "step") return;
    const outer = this.tree.outerCallOf(at);
    if (outer === undefined) return;
    const root = this.billedRoot(this.groups.rootOf(outer));
    if (root !== own && this.gradeOf(root) > 0)
      this.shadows.set(own, { by: root, rule: "aggregate" });
  }

  /** The groups that are billed for these records at this moment, without failed calls. */
  private answeredRoots(positions: readonly number[]): number[] {
    const roots = positions.map((at) => this.billedRoot(this.groups.rootOf(at)));
    return [...new Set(roots)].filter((root) => this.gradeOf(root) > 0);
  }

  private billedRoot(root: number): number {
    let at = root;
    for (let next = this.shadows.get(at); next !== undefined; next = this.shadows.get(at))
      at = next.by;
    return at;
  }

  private isBefore(left: number, right: number): boolean {
    return compareRecords(this.recordAt(this.bestOf(left)), this.recordAt(this.bestOf(right))) < 0;
  }

  private gradeOf(root: number): number {
    return usageGrade(this.recordAt(this.bestOf(root)));
  }

  private bestOf(root: number): number {
    const known = this.best.get(root);
    if (known !== undefined) return known;
    const best = bestRecord(this.records, this.groups.membersOf(root), this.tree);
    this.best.set(root, best);
    return best;
  }

  private recordAt(at: number): CallRecord {
    return this.records[at] as CallRecord;
  }

  private positionsOfParts(): number[] {
    return this.records.flatMap(({ part }, at) => (part === "call" ? [] : [at]));
  }

  /** Every record below each agent, step and workflow, whatever lies between. */
  private callsBelow(): Map<number, number[]> {
    const below = new Map<number, number[]>();
    for (let at = 0; at < this.records.length; at += 1) {
      for (
        let outer = this.tree.outerOf(at);
        outer !== undefined;
        outer = this.tree.outerOf(outer.at)
      ) {
        if (this.recordAt(outer.at).part === "call") continue;
        const records = below.get(outer.at);
        if (records === undefined) below.set(outer.at, [at]);
        else records.push(at);
      }
    }
    return below;
  }
}
