import { isFields, parsePriceChange, show } from "./parse-price-change.ts";
import type { Fields, Report } from "./parse-price-change.ts";
import type { PriceChange, PriceEntry } from "./price-layer.ts";
import { canonicalProvider } from "./provider-names.ts";
import { canonicalServiceTier } from "./service-tier.ts";

/** The version of the document that `parsePriceEntries` reads and `priceDocument` writes. */
export const PRICE_DOCUMENT_VERSION = 1;

/** A whole public list is 3,000 models; a file that grew for years of corrections is still below this. */
const ENTRIES_MAX = 50_000;
const TEXT_LENGTH_MAX = 512;

/** A day means its first moment, UTC. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?Z)?$/;

const ENTRY_KEYS: ReadonlySet<string> = new Set([
  "project",
  "provider",
  "model",
  "modelPrefix",
  "serviceTier",
  "prices",
  "multiplier",
  "except",
  "withdrawn",
  "validFrom",
  "validUntil",
  "recordedAt",
  "recordedBy",
  "source",
]);

export interface ParsedEntries {
  readonly entries: readonly PriceEntry[];
  readonly problems: readonly string[];
}

/**
 * Reads the entries of a price document. All problems are named, each with the path to its place; a
 * document with problems has no entries, because half of a price list is a wrong price list.
 */
export function parsePriceEntries(document: unknown): ParsedEntries {
  const problems: string[] = [];
  if (!isFields(document)) return refused("the document is not an object");
  const { formatVersion, entries } = document;
  if (formatVersion !== PRICE_DOCUMENT_VERSION) {
    return refused(`formatVersion: ${show(formatVersion)} is not ${PRICE_DOCUMENT_VERSION}`);
  }
  if (!Array.isArray(entries)) return refused("entries: is not a list");
  if (entries.length > ENTRIES_MAX) {
    return refused(`entries: has ${entries.length}, at most ${ENTRIES_MAX} are read`);
  }
  const parsed = entries.map((value: unknown, index) =>
    parseEntry(value, (path, problem) => {
      problems.push(`entries[${index}]${path}: ${problem}`);
      return undefined;
    }),
  );
  if (problems.length > 0) return { entries: [], problems };
  return { entries: parsed.filter((entry) => entry !== undefined), problems };
}

const refused = (problem: string): ParsedEntries => ({ entries: [], problems: [problem] });

/** The document that `parsePriceEntries` reads back to the same entries. */
export function priceDocument(entries: readonly PriceEntry[]): unknown {
  return { formatVersion: PRICE_DOCUMENT_VERSION, entries: entries.map(entryDocument) };
}

function entryDocument(entry: PriceEntry): Fields {
  const { projectId, provider, model, match, serviceTier, validFrom, validUntil } = entry;
  return {
    ...(projectId !== undefined && { project: projectId }),
    provider,
    ...(match === "exact" ? { model } : { modelPrefix: model }),
    serviceTier,
    ...changeDocument(entry.change),
    ...(validFrom !== undefined && { validFrom: validFrom.toISOString() }),
    ...(validUntil !== undefined && { validUntil: validUntil.toISOString() }),
    recordedAt: entry.recordedAt.toISOString(),
    recordedBy: entry.recordedBy,
    source: entry.source,
  };
}

function changeDocument(change: PriceChange): Fields {
  if (change.kind === "prices") return { prices: change.prices };
  if (change.kind === "withdrawal") return { withdrawn: true };
  const { multiplier, except } = change;
  return { multiplier, ...(except.length > 0 && { except }) };
}

function parseEntry(value: unknown, report: Report): PriceEntry | undefined {
  if (!isFields(value)) return report("", "is not an object");
  for (const key of Object.keys(value)) {
    if (!ENTRY_KEYS.has(key)) report(`.${key}`, "no such field");
  }
  const subject = parseSubject(value, report);
  const change = parsePriceChange(value, report);
  const validity = parseValidity(value, report);
  const provenance = parseProvenance(value, report);
  if (subject === undefined || change === undefined || provenance === undefined) return undefined;
  return { ...subject, change, ...validity, ...provenance };
}

function parseSubject(
  fields: Fields,
  report: Report,
): Pick<PriceEntry, "projectId" | "provider" | "model" | "match" | "serviceTier"> | undefined {
  const projectId = optionalText(fields, "project", report);
  const serviceTier = canonicalServiceTier(optionalText(fields, "serviceTier", report));
  const provider = requiredText(fields, "provider", report);
  const model = parseModel(fields, report);
  if (provider === undefined || model === undefined) return undefined;
  return { projectId, provider: canonicalProvider(provider), ...model, serviceTier };
}

function parseValidity(
  fields: Fields,
  report: Report,
): Pick<PriceEntry, "validFrom" | "validUntil"> {
  const validFrom = parseTime(fields, "validFrom", report);
  const validUntil = parseTime(fields, "validUntil", report);
  if (validFrom !== undefined && validUntil !== undefined && validFrom >= validUntil) {
    report(".validUntil", `${show(fields["validUntil"])} is not after validFrom`);
  }
  return { validFrom, validUntil };
}

function parseProvenance(
  fields: Fields,
  report: Report,
): Pick<PriceEntry, "recordedAt" | "recordedBy" | "source"> | undefined {
  if (fields["recordedAt"] === undefined) report(".recordedAt", "is missing");
  const recordedAt = parseTime(fields, "recordedAt", report);
  const recordedBy = requiredText(fields, "recordedBy", report);
  const source = requiredText(fields, "source", report);
  if (recordedAt === undefined || recordedBy === undefined || source === undefined) {
    return undefined;
  }
  return { recordedAt, recordedBy, source };
}

function parseModel(
  { model, modelPrefix }: Fields,
  report: Report,
): Pick<PriceEntry, "model" | "match"> | undefined {
  if ((model === undefined) === (modelPrefix === undefined)) {
    return report("", 'needs either "model" or "modelPrefix"');
  }
  const name = model ?? modelPrefix;
  const field = model === undefined ? ".modelPrefix" : ".model";
  if (typeof name !== "string" || name.length > TEXT_LENGTH_MAX) {
    return report(field, `${show(name)} is not the name of a model`);
  }
  if (name === "" && model !== undefined) return report(field, "is empty");
  return { model: name, match: model === undefined ? "prefix" : "exact" };
}

function parseTime(fields: Fields, name: string, report: Report): Date | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const time = typeof value === "string" && ISO_TIME.test(value) ? new Date(value) : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) return time;
  return report(`.${name}`, `${show(value)} is not a time like 2026-11-01 or 2026-11-01T08:00:00Z`);
}

function requiredText(fields: Fields, name: string, report: Report): string | undefined {
  return fields[name] === undefined
    ? report(`.${name}`, "is missing")
    : optionalText(fields, name, report);
}

function optionalText(fields: Fields, name: string, report: Report): string | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const isText = typeof value === "string" && value.trim() !== "";
  if (isText && value.length <= TEXT_LENGTH_MAX) return value.trim();
  return report(`.${name}`, `${show(value)} is not a text of 1 to ${TEXT_LENGTH_MAX} characters`);
}
