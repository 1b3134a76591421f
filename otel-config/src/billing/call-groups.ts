import { isSameScope } from "./call-edges.ts";
import type { CallEdge, EdgeRule } from "./call-edges.ts";
import type { CallRecord } from "./call-record.ts";
import { isToldAgain } from "./same-response.ts";
import { isCounted } from "./same-usage.ts";

/**
 * Records that speak of one call, joined edge by edge, strongest first. A scope speaks of a call once: an
 * edge that would bring two records of one scope together (other than one inside the other) is passed over,
 * and so parallel calls that look the same are matched one to one.
 */
export class CallGroups {
  private readonly records: readonly CallRecord[];
  private readonly parents: Int32Array;
  private readonly groups = new Map<number, number[]>();
  private readonly rules: (EdgeRule | undefined)[];

  constructor(records: readonly CallRecord[]) {
    this.records = records;
    this.parents = Int32Array.from(records, (_, at) => at);
    this.rules = records.map(() => undefined);
  }

  /** Any member of the group gives the same answer. */
  rootOf(at: number): number {
    let root = at;
    while (this.parents[root] !== root) {
      const next = this.parents[this.parents[root] as number] as number;
      this.parents[root] = next;
      root = next;
    }
    return root;
  }

  membersOf(root: number): readonly number[] {
    return this.groups.get(root) ?? [root];
  }

  /** The strongest edge that holds the record in its group; undefined for a record that is alone. */
  ruleOf(at: number): EdgeRule | undefined {
    return this.rules[at];
  }

  join({ left, right, rule }: CallEdge): void {
    const [a, b] = [this.rootOf(left), this.rootOf(right)];
    if (a !== b) {
      const [kept, added] = [this.membersOf(a), this.membersOf(b)];
      const isLinked = rule === "same_span" || rule === "nested";
      if (!isLinked && this.shareScope(kept, added)) return;
      this.parents[b] = a;
      this.groups.set(a, [...kept, ...added]);
      this.groups.delete(b);
    }
    this.rules[left] ??= rule;
    this.rules[right] ??= rule;
  }

  private shareScope(left: readonly number[], right: readonly number[]): boolean {
    return left.some((a) => right.some((b) => this.sayTheSame(a, b)));
  }

  /** Logs of one scope speak twice of a call when one is written at the request and has no usage yet. */
  private sayTheSame(left: number, right: number): boolean {
    const [a, b] = [this.records[left] as CallRecord, this.records[right] as CallRecord];
    if (!isSameScope(a, b) || isToldAgain(a, b)) return false;
    return a.signal === "span" || isCounted(a) === isCounted(b);
  }
}
