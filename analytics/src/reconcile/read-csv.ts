import { parseUsd } from "@lensai/otel-config/money";
import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import type { Measures, ProviderPage, ProviderRecord } from "./provider-record.ts";
import { fileError } from "./read-fields.ts";

const REQUIRED = ["day", "provider", "model"] as const;

const MEASURE_BY_COLUMN: ReadonlyMap<string, keyof Measures> = new Map([
  ["cost_usd", "costNanoUsd"],
  ["requests", "requests"],
  ["input_tokens", "inputTokens"],
  ["cached_tokens", "cacheReadTokens"],
  ["cache_write_tokens", "cacheWriteTokens"],
  ["output_tokens", "outputTokens"],
]);

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
/** More days between the first and the last are a slip of the pen. */
const DAYS_MAX = 4000;

/**
 * Figures of any provider: a header with day,provider,model and any of cost_usd, requests, input_tokens,
 * cached_tokens, cache_write_tokens, output_tokens; an empty cell is unknown, an empty model something that is
 * charged without one. The file speaks of every day from a provider's first to its last. Throws `config.invalid`.
 */
export function readCsv(file: string, text: string): ProviderPage {
  const [head = [], ...rows] = csvRows(file, text);
  const columns = head.map((name) => name.trim().toLowerCase());
  checkHeader(file, columns);
  const records = rows.map((cells, index) => {
    const where = `${file}, row ${index + 2}`;
    if (cells.length !== columns.length) {
      throw fileError(where, `${cells.length} cells where the header has ${columns.length}`);
    }
    return toRecord(new Map(columns.map((name, at) => [name, (cells[at] ?? "").trim()])), where);
  });
  if (records.length === 0) throw fileError(file, "no row below the header");
  return { file, subject: "CSV figures", records, days: daysOf(file, records), hasMore: false };
}

function checkHeader(file: string, columns: readonly string[]): void {
  const missing = REQUIRED.filter((name) => !columns.includes(name));
  const known = new Set<string>([...REQUIRED, ...MEASURE_BY_COLUMN.keys()]);
  const others = columns.filter((name) => !known.has(name));
  const repeated = columns.filter((name, index) => columns.indexOf(name) !== index);
  const hasMeasure = columns.some((name) => MEASURE_BY_COLUMN.has(name));
  const hasProblem = missing.length + others.length + repeated.length > 0 || !hasMeasure;
  if (!hasProblem) return;
  throw fileError(
    file,
    `the header is "${columns.join(",")}": give day,provider,model and some of ${[...MEASURE_BY_COLUMN.keys()].join(",")}`,
  );
}

function toRecord(cells: ReadonlyMap<string, string>, where: string): ProviderRecord {
  const [day = "", provider = "", model = ""] = REQUIRED.map((name) => cells.get(name));
  if (!DAY.test(day) || Number.isNaN(Date.parse(day))) {
    throw fileError(where, `"${day}" is no day like 2026-11-01`);
  }
  if (provider === "") throw fileError(where, "the provider is missing");
  const told: Partial<Record<keyof Measures, bigint | undefined>> = {};
  for (const [column, measure] of MEASURE_BY_COLUMN) {
    const cell = cells.get(column);
    if (cell !== undefined) told[measure] = amountOf(cell, column, where);
  }
  return {
    day,
    provider: canonicalProvider(provider),
    model: model === "" ? undefined : model,
    item: undefined,
    told,
  };
}

function amountOf(cell: string, column: string, where: string): bigint | undefined {
  if (cell === "") return undefined;
  if (column !== "cost_usd" && /^\d{1,18}$/.test(cell)) return BigInt(cell);
  const nanoUsd = column === "cost_usd" ? parseUsd(cell) : undefined;
  if (nanoUsd !== undefined) return nanoUsd;
  const wanted = column === "cost_usd" ? "dollars like 1.25" : "a whole number from 0";
  throw fileError(where, `${column} is "${cell}": give ${wanted}`);
}

function daysOf(
  file: string,
  records: readonly ProviderRecord[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const days = new Map<string, ReadonlySet<string>>();
  for (const provider of new Set(records.map((record) => record.provider))) {
    const told = records.filter((record) => record.provider === provider).map(({ day }) => day);
    const [first = "", last = ""] = [told.toSorted()[0], told.toSorted().at(-1)];
    const count = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
    if (count > DAYS_MAX)
      throw fileError(file, `${first} to ${last} is more than ${DAYS_MAX} days`);
    const all = Array.from({ length: count }, (_, index) =>
      new Date(Date.parse(first) + index * DAY_MS).toISOString().slice(0, 10),
    );
    days.set(provider, new Set(all));
  }
  return days;
}

/** A cell (RFC 4180: in quotes or without), and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** The cells of all lines that are not empty. */
function csvRows(file: string, text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const match = CELL.exec(text);
    if (match === null)
      throw fileError(file, `row ${rows.length + 1} is not CSV: a quote is not closed`);
    const [, quoted, plain = "", end = ""] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") {
      if (CELL.lastIndex === text.length) row.push("");
      else continue;
    }
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}
