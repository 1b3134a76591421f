import type { CallRow } from "./call-row.ts";
import { FIELD_TITLES, TOKEN_FIELDS, rowCounts, trueCounts } from "./token-fields.ts";
import type { TokenField } from "./token-fields.ts";
import { isBrokenOff } from "./truth.ts";
import type { TrueCall } from "./truth.ts";
import { countsOfCall, isVisible } from "./visible-usage.ts";
import type { WireRecord } from "./wire-records.ts";

export type Grade = "right" | "honest" | "wrong";

export interface Finding {
  readonly grade: Grade;
  /** Without numbers of one call, so that equal findings can be counted. */
  readonly why: string;
}

export const wrong = (why: string): Finding => ({ grade: "wrong", why });
export const honest = (why: string): Finding => ({ grade: "honest", why });

/** Rows that say by themselves that their counts are not the provider's. */
const isMarked = ({ source }: CallRow): boolean => source === "missing" || source === "estimated";

/** How the billed row of an answered call compares with the provider's log. No finding: everything is right. */
export function judgeCall(call: TrueCall, row: CallRow, records: readonly WireRecord[]): Finding[] {
  const [truth, ours] = [trueCounts(call), rowCounts(row)];
  const off = TOKEN_FIELDS.filter((field) => (ours[field] ?? 0) !== truth[field]);
  if (off.length === 0) return unmarked(call, row);
  const counts = countsOfCall(call, records, row.spanId);
  const lost = off.filter((field) => isVisible(field, truth, counts));
  if (lost.length > 0) {
    return lost.map((field) =>
      wrong(`${FIELD_TITLES[field]} on the wire, row has ${said(row, field)}`),
    );
  }
  if (isMarked(row)) return [honest(markOf(call, row))];
  return off.map((field) => judgeUnsent(row, field));
}

function judgeUnsent(row: CallRow, field: TokenField): Finding {
  const title = FIELD_TITLES[field];
  if (rowCounts(row)[field] !== undefined) {
    return wrong(`${title} is not the provider's and says "${row.source ?? "nothing"}"`);
  }
  // An unknown part leaves the cost an upper bound; an unknown total leaves none.
  const isTotal = field === "input" || field === "output";
  if (isTotal && row.hasCost) return wrong(`no ${title}, but a cost`);
  return honest(`${title} not sent`);
}

/** Right counts must not be called missing; estimated they may be, where a client mixes both without a sign. */
function unmarked({ usage }: TrueCall, { source, usageRule }: CallRow): Finding[] {
  // What is charged by the picture or the second has no counts.
  if (source === "missing" && usage === null) return [];
  if (source === "missing") return [wrong("right counts marked missing")];
  if (source !== "estimated") return [];
  return [honest(`right counts, not told from estimates (${usageRule})`)];
}

function markOf(call: TrueCall, row: CallRow): string {
  const rule = row.usageRule === undefined ? "" : ` (${row.usageRule})`;
  const kind = isBrokenOff(call) ? " of a stream that broke off" : "";
  return `usage ${row.source}${kind}${rule}`;
}

function said(row: CallRow, field: TokenField): string {
  const count = rowCounts(row)[field];
  return `${count === undefined ? "none" : "another"}, source ${row.source ?? "none"}`;
}
