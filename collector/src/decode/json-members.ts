import type { JsonMember } from "@lensai/otel-config/dialects/dialect";

/** Longer JSON is not looked into: parsing it would stall the requests behind it. */
const JSON_BYTES_MAX = 256 * 1024;

const decoder = new TextDecoder();

/** What was found at the path of a member. */
export interface FoundMember {
  readonly member: JsonMember;
  readonly value: Scalar | UsageObject;
}

type Scalar = string | number | boolean;

/** A provider's usage object: its numbers as they are nested, and the modalities that they are of. */
export interface UsageObject {
  readonly [name: string]: UsageObject | readonly UsageObject[] | number | string;
}

/**
 * Reads members out of JSON text. Undefined when it is no JSON, or too long to look into. Text that a
 * language other than JavaScript printed ({'a': None}) and JSON inside a JSON string are read as well.
 */
export function readJsonMembers(
  bytes: Uint8Array,
  members: readonly JsonMember[],
): FoundMember[] | undefined {
  if (bytes.length > JSON_BYTES_MAX) return undefined;
  const document = parseLeniently(decoder.decode(bytes));
  if (typeof document !== "object" || document === null) return undefined;
  const found: FoundMember[] = [];
  for (const member of members) {
    const value = valueAt(document, member.path);
    const read = member.kind === "usage" ? usageObjectOf(value) : scalarOf(value);
    if (read !== undefined) found.push({ member, value: read });
  }
  return found;
}

/** JSON text that holds nothing but these members: the usage as it was sent, without the content around it. */
export function excerptOf(found: readonly FoundMember[]): string {
  const excerpt: Branch = Object.create(null) as Branch;
  for (const { member, value } of found) plant(excerpt, member.path, value);
  return JSON.stringify(excerpt);
}

function parseLeniently(text: string): unknown {
  const first = parse(text);
  if (typeof first === "string") return parse(first);
  return first ?? parse(fromPythonText(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Good for the flat dictionaries of numbers and names that usage comes in. */
function fromPythonText(text: string): string {
  if (!text.startsWith("{'")) return "";
  return text
    .replaceAll("'", '"')
    .replaceAll(/\bNone\b/g, "null")
    .replaceAll(/\bTrue\b/g, "true")
    .replaceAll(/\bFalse\b/g, "false");
}

function valueAt(document: object, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function scalarOf(value: unknown): Scalar | undefined {
  const isScalar =
    typeof value === "number" || typeof value === "string" || typeof value === "boolean";
  return isScalar ? value : undefined;
}

/** Usage objects of providers are two levels deep. */
const USAGE_DEPTH_MAX = 4;
const MODALITY = /^\w{1,32}$/;

/** Only what counts: what an application made of the object may hold anything. */
function usageObjectOf(value: unknown, depth = 1): UsageObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const members = Object.entries(value).flatMap(([name, inner]) => {
    const kept = usageValueOf(name, inner, depth);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function usageValueOf(
  name: string,
  value: unknown,
  depth: number,
): UsageObject[string] | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string")
    return name === "modality" && MODALITY.test(value) ? value : undefined;
  if (depth === USAGE_DEPTH_MAX) return undefined;
  if (!Array.isArray(value)) return usageObjectOf(value, depth + 1);
  const each = value.map((element: unknown) => usageObjectOf(element, depth + 1));
  return each.filter((element) => element !== undefined);
}

interface Branch {
  [key: string]: Branch | FoundMember["value"];
}

function plant(root: Branch, path: readonly string[], value: FoundMember["value"]): void {
  let branch = root;
  for (const key of path.slice(0, -1)) {
    const next = branch[key] ?? (Object.create(null) as Branch);
    if (typeof next !== "object") return;
    branch[key] = next;
    branch = next as Branch;
  }
  branch[path.at(-1) as string] = value;
}
