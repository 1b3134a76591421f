import type { RawUsage } from "../usage.ts";
import type {
  UsageField,
  UsageFieldRule,
  UsageFieldRules,
  UsagePath,
  UsageTable,
} from "./usage-table.ts";

const MODALITY_STEP = /^(\w+)\[(\w+)\]$/;
/** What stands between the key of a list and the path in each of its elements. */
const EACH = "[].";

/**
 * Reads what a provider's response, or one event of its stream, says about usage. Counts that are not in it
 * keep the value that `into` has, so that reading every event of a stream leaves the last value of each:
 * providers repeat running totals, and adding them up would count twice.
 *
 * False when the body has no count of the table; `into` is untouched then.
 */
export function readProviderUsage(table: UsageTable, body: unknown, into: RawUsage): boolean {
  const usage = usageIn(body, table.roots);
  if (usage === undefined) return false;
  if (!readFields(table.fields, usage, into)) return false;
  if (table.beside !== undefined) readFields(table.beside, body, into);
  into.inputConvention = table.inputConvention;
  into.outputConvention = table.outputConvention;
  return true;
}

function readFields(fields: UsageFieldRules, value: unknown, into: RawUsage): boolean {
  let isFound = false;
  // Asked for every event of every stream: no list is made of the fields.
  for (const field in fields) {
    const count = countOf(value, fields[field as UsageField] as UsageFieldRule);
    if (count === undefined) continue;
    into[field as UsageField] = count;
    isFound = true;
  }
  return isFound;
}

function usageIn(body: unknown, roots: readonly string[]): unknown {
  for (const root of roots) {
    const usage = valueAt(body, root);
    if (isRecord(usage)) return usage;
  }
  return undefined;
}

const NO_PATHS: readonly UsagePath[] = [];

function countOf(
  usage: unknown,
  { names, plus = NO_PATHS, minus = NO_PATHS }: UsageFieldRule,
): number | undefined {
  let sum = firstNumberAt(usage, names);
  for (const path of plus) {
    const count = numberAt(usage, path);
    if (count !== undefined) sum = (sum ?? 0) + count;
  }
  if (sum === undefined) return undefined;
  let taken = 0;
  for (const path of minus) taken += numberAt(usage, path) ?? 0;
  return taken === 0 ? sum : Math.max(0, sum - taken);
}

function firstNumberAt(usage: unknown, paths: readonly UsagePath[]): number | undefined {
  for (const path of paths) {
    const count = numberAt(usage, path);
    if (count !== undefined) return count;
  }
  return undefined;
}

function numberAt(value: unknown, path: UsagePath): number | undefined {
  const each = path.indexOf(EACH);
  if (each !== -1)
    return sumOver(valueAt(value, path.slice(0, each)), path.slice(each + EACH.length));
  const found = valueAt(value, path);
  return typeof found === "number" ? found : undefined;
}

function sumOver(list: unknown, path: UsagePath): number | undefined {
  if (!Array.isArray(list)) return undefined;
  const counts = list
    .map((element: unknown) => numberAt(element, path))
    .filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((total, count) => total + count, 0);
}

function valueAt(value: unknown, path: string): unknown {
  if (path === "") return value;
  let current = value;
  for (const { key, modality } of stepsOf(path)) {
    const found = member(current, key);
    if (found === undefined) return undefined;
    current = modality === undefined ? found : elementOf(found, modality);
  }
  return current;
}

interface Step {
  readonly key: string;
  /** Of the element that is meant, where the key leads to a list. */
  readonly modality: string | undefined;
}

/** The paths are those of the tables: few, and followed in every event of every stream. */
const stepsByPath = new Map<string, readonly Step[]>();

function stepsOf(path: string): readonly Step[] {
  const known = stepsByPath.get(path);
  if (known !== undefined) return known;
  const steps = path.split(".").map((step): Step => {
    const [, list = step, modality] = MODALITY_STEP.exec(step) ?? [];
    return { key: list, modality };
  });
  stepsByPath.set(path, steps);
  return steps;
}

function elementOf(list: unknown, modality: string): unknown {
  return Array.isArray(list)
    ? list.find((element: unknown) => member(element, "modality") === modality)
    : undefined;
}

function member(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
