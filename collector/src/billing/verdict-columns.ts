import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import {
  NULL_CODE,
  addDictionaryEntry,
  dictionaryEntry,
  setPlain,
} from "@lensai/otel-config/span-row/row-batch";
import type {
  BoolColumn,
  DictionaryColumn,
  PlainColumn,
  RowBatch,
} from "@lensai/otel-config/span-row/row-batch";
import type { StoredVerdict } from "./call-table.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes verdicts into the columns of a batch, whatever they held before. */
export class VerdictColumns {
  private readonly billed: BoolColumn;
  private readonly rules: DictionaryColumn;
  private readonly shadows: PlainColumn;
  private readonly codes = new Map<BillRule, number>();

  constructor(batch: RowBatch) {
    this.billed = batch.bool("billed");
    this.rules = batch.dictionary("bill_rule");
    this.shadows = batch.plain("shadowed_by");
  }

  write(row: number, { rule, shadowedBy }: StoredVerdict): void {
    this.billed.valid[row] = 1;
    this.billed.values[row] = isBilledRule(rule) ? 1 : 0;
    this.rules.codes[row] = this.codeOf(rule);
    if (shadowedBy === undefined) this.shadows.starts[row] = NULL_CODE;
    else setPlain(this.shadows, row, encoder.encode(shadowedBy));
  }

  private codeOf(rule: BillRule): number {
    let code = this.codes.get(rule);
    if (code === undefined) {
      code = findEntry(this.rules, rule) ?? addDictionaryEntry(this.rules, encoder.encode(rule));
      this.codes.set(rule, code);
    }
    return code;
  }
}

/** The decoder has written some of the rules. */
function findEntry(column: DictionaryColumn, text: string): number | undefined {
  for (let entry = 0; entry < column.entryCount; entry += 1) {
    if (decoder.decode(dictionaryEntry(column, entry)) === text) return entry + 1;
  }
  return undefined;
}
