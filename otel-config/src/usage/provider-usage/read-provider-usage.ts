import type { RawUsage } from "../usage.ts";
import type { UsageField, UsageFieldRule, UsagePath, UsageTable } from "./usage-table.ts";

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
  const usage = table.roots.map((root) => valueAt(body, root)).find(isRecord);
  if (usage === undefined) return false;
  let isFound = false;
  for (const [field, rule] of Object.entries(table.fields) as [UsageField, UsageFieldRule][]) {
    const count = countOf(usage, rule);
    if (count === undefined) continue;
    into[field] = count;
    isFound = true;
  }
  if (!isFound) return false;
  into.inputConvention = table.inputConvention;
  into.outputConvention = table.outputConvention;
  return true;
}

function countOf(
  usage: unknown,
  { names, plus = [], minus = [] }: UsageFieldRule,
): number | undefined {
  const first = names.map((name) => numberAt(usage, name)).find((count) => count !== undefined);
  const added = plus.map((path) => numberAt(usage, path)).filter((count) => count !== undefined);
  if (first === undefined && added.length === 0) return undefined;
  const sum = added.reduce((total, count) => total + count, first ?? 0);
  const taken = minus.reduce((total, path) => total + (numberAt(usage, path) ?? 0), 0);
  return taken === 0 ? sum : Math.max(0, sum - taken);
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
