import { anthropicShape } from "./anthropic-page.ts";
import { OPENAI_SHAPES } from "./openai-page.ts";
import type { ProviderPage, ProviderRecord } from "./provider-record.ts";
import { fileError, isFields, listOf, optionalText } from "./read-fields.ts";
import type { Fields } from "./read-fields.ts";
import type { ResultShape } from "./result-shape.ts";

const KNOWN = [
  "OpenAI's organization costs, completions usage and embeddings usage",
  "Anthropic's messages usage report and cost report",
  "a CSV file with day,provider,model",
].join("; ");

const DAY_MS = 86_400_000;

interface Bucket {
  readonly day: string;
  readonly results: readonly Fields[];
}

/** A provider's answers: what tells them, and how the results in them are told apart. */
interface Source {
  readonly provider: string;
  readonly startField: string;
  readonly endField: string;
  readonly shapeOf: (result: Fields) => ResultShape | undefined;
}

const SOURCES: readonly Source[] = [
  {
    provider: "openai",
    startField: "start_time",
    endField: "end_time",
    shapeOf: ({ object }) => (typeof object === "string" ? OPENAI_SHAPES.get(object) : undefined),
  },
  {
    provider: "anthropic",
    startField: "starting_at",
    endField: "ending_at",
    shapeOf: anthropicShape,
  },
];

/** One answer of a provider's API. Throws `config.invalid` for what is none that is known. */
export function readPage(file: string, document: unknown): ProviderPage {
  if (!isFields(document) || !Array.isArray(document["data"])) throw unknownShape(file);
  const parts = listOf(document, "data", file);
  if (parts.length === 0) throw fileError(file, `"data" is empty: no day is told of`);
  const source = SOURCES.find(({ startField }) => parts.every((part) => startField in part));
  if (source === undefined) throw unknownShape(file);
  const { provider } = source;
  const buckets = parts.map((part) => readBucket(file, part, source));
  const results = buckets.flatMap((bucket) => resultsOf(file, bucket, source));
  return {
    file,
    subject: results[0]?.shape.subject ?? provider,
    records: recordsOf(file, provider, results),
    days: new Map([[provider, new Set(buckets.map(({ day }) => day))]]),
    hasMore: document["has_more"] === true,
  };
}

interface Result {
  readonly day: string;
  readonly fields: Fields;
  readonly shape: ResultShape;
}

function resultsOf(file: string, { day, results }: Bucket, { shapeOf }: Source): Result[] {
  return results.map((fields) => {
    const shape = shapeOf(fields);
    if (shape === undefined) throw unknownShape(file, optionalText(fields, "object", file));
    return { day, fields, shape };
  });
}

function unknownShape(file: string, name?: string): Error {
  const what = name === undefined ? "this is no report" : `"${name}" is no report`;
  return fileError(file, `${what} that can be read; known are ${KNOWN}`);
}

function recordsOf(file: string, provider: string, results: readonly Result[]): ProviderRecord[] {
  const records = results.map(({ day, fields, shape }) => {
    const { model, item, told } = shape.read(fields, `${file}, ${day}`);
    return { day, provider, model, item, told };
  });
  const isTold = records.some(({ model, item }) => model !== undefined || item !== undefined);
  const [first] = results;
  if (first === undefined || isTold) return records;
  const { groupBy } = first.shape;
  throw fileError(file, `no model is told apart: ask the provider with group_by=${groupBy}`);
}

/** A bucket of a day or of a part of one. Throws for one that is in two days. */
function readBucket(file: string, part: Fields, { startField, endField }: Source): Bucket {
  const startMs = timeOf(part[startField]);
  const endMs = timeOf(part[endField]);
  if (startMs === undefined || endMs === undefined || endMs <= startMs) {
    throw fileError(file, "a bucket tells no start and end time");
  }
  const day = isoDay(startMs);
  if (isoDay(endMs - 1) !== day) {
    throw fileError(
      file,
      `the bucket of ${day} is longer than that day in UTC: ask for one day each`,
    );
  }
  return { day, results: partResults(part, `${file}, ${day}`) };
}

/** Those of a bucket; or the row itself, where each comes with its own times (Anthropic's Analytics API). */
function partResults(part: Fields, where: string): readonly Fields[] {
  const { group } = part;
  const figures = part["usage"] ?? part["cost"];
  if (!isFields(group) || !isFields(figures)) return listOf(part, "results", where);
  return [{ ...group, ...figures }];
}

/** Seconds since the epoch, or RFC 3339; in milliseconds. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "number" ? value * 1000 : Date.parse(String(value));
  return Number.isSafeInteger(ms) && Math.abs(ms) < 100_000_000 * DAY_MS ? ms : undefined;
}

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
