import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import type { InputError } from "./api-errors.ts";

/** What a budget or a kill-switch says of itself is a few hundred bytes; nobody needs more. */
const BODY_BYTES_MAX = 65_536;

type Part = InputError["in"];

/** Parses a part of a request; throws `query.invalid`, which names every place that is wrong. */
export function parsePart<Schema extends z.ZodType>(
  part: Part,
  schema: Schema,
  value: unknown,
): z.output<Schema>;
export function parsePart(part: Part, schema: z.ZodType | undefined, value: unknown): unknown;
export function parsePart(part: Part, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const unusable = findUnusableText(value);
  if (unusable !== undefined) {
    throw invalid([
      { in: part, pointer: unusable, detail: "has a character that no text may have" },
    ]);
  }
  const result = schema.safeParse(value, { error: missing });
  if (result.success) return result.data;
  throw invalid(result.error.issues.flatMap((issue) => toInputErrors(part, issue)));
}

/** Of what has to be there and is not; anything else says itself what is wrong. */
const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === "invalid_type" && input === undefined ? "is missing" : undefined;

export function invalid(errors: readonly InputError[]): LensError {
  const sentences = errors.map(({ pointer, detail }) => `${pointer.slice(1) || "body"}: ${detail}`);
  return new LensError("query.invalid", sentences.join("; "), { details: { errors } });
}

function toInputErrors(part: Part, issue: z.core.$ZodIssue): InputError[] {
  const pointer = toPointer(issue.path);
  if (issue.code !== "unrecognized_keys") return [{ in: part, pointer, detail: issue.message }];
  return issue.keys.map((key) => ({
    in: part,
    pointer: `${pointer}${toPointer([key])}`,
    detail: "there is no such field",
  }));
}

const toPointer = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/**
 * The place of a text that PostgreSQL cannot store: with a NUL, or with half of a surrogate pair. Undefined when
 * there is none.
 */
function findUnusableText(value: unknown, pointer = ""): string | undefined {
  if (typeof value === "string") {
    return value.includes("\u0000") || !value.isWellFormed() ? pointer : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const place = `${pointer}${toPointer([key])}`;
    const found = findUnusableText(key, place) ?? findUnusableText(member, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Parses the query of a URL; a name given twice is refused unless the schema has a list there. */
export function parseQuery(schema: z.ZodObject | undefined, search: URLSearchParams): unknown {
  const errors: InputError[] = [];
  const value: Record<string, unknown> = {};
  for (const name of new Set(search.keys())) {
    const field = schema?.shape[name];
    const given = search.getAll(name);
    if (given.length > 1) {
      errors.push({ in: "query", pointer: toPointer([name]), detail: "is given more than once" });
    }
    value[name] = fromText(field, given[0] ?? "");
  }
  if (errors.length > 0) throw invalid(errors);
  return parsePart("query", schema ?? NO_QUERY, value);
}

const NO_QUERY = z.strictObject({});

/** Text as the type that the schema wants; what does not look like it stays text, and is refused as such. */
function fromText(schema: z.core.$ZodType | undefined, text: string): unknown {
  const type = innermost(schema);
  if (type === "number") return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
  if (type !== "boolean") return text;
  return text === "true" || text === "false" ? text === "true" : text;
}

function innermost(schema: z.core.$ZodType | undefined): string | undefined {
  if (schema === undefined) return undefined;
  const { def } = schema as z.ZodType;
  const wrapped = (def as { innerType?: z.core.$ZodType }).innerType;
  return wrapped === undefined ? def.type : innermost(wrapped);
}

/** Reads and parses a JSON body. */
export async function readBody(
  request: Request,
  bytesMax: number = BODY_BYTES_MAX,
): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json(?:\s*;|$)/i.test(type.trim())) {
    throw new LensError(
      "api.content_type_unsupported",
      `the body is ${JSON.stringify(type)}: send JSON as "application/json"`,
    );
  }
  const text = await readText(request, bytesMax);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LensError("api.body_malformed", `the body is not JSON${placeOf(error, text)}`);
  }
}

async function readText(request: Request, bytesMax: number): Promise<string> {
  const bytes: Uint8Array[] = [];
  let length = 0;
  // A body without an end must not fill the memory: it is counted as it comes.
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > bytesMax) {
      throw new LensError(
        "api.body_too_large",
        `the body has more than ${bytesMax} bytes: nothing that is taken here is so long`,
      );
    }
    bytes.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(bytes));
  } catch {
    throw new LensError("api.body_malformed", "the body is not UTF-8");
  }
}

/** Where the JSON stops making sense, as far as the engine says; never what stands there. */
function placeOf(error: unknown, text: string): string {
  const [, digits] = /at position (\d+)/.exec(error instanceof Error ? error.message : "") ?? [];
  if (digits === undefined) return text.trim() === "" ? ": it is empty" : ": it ends too early";
  const before = text.slice(0, Number(digits)).split("\n");
  return `: it stops making sense in line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}
