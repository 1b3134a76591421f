/**
 * Where a value is in a JSON document: keys with dots between them; `list[]` goes on in every element of the
 * list, so that one path can lead to several values.
 */
export type JsonPath = string;

export type JsonObject = Readonly<Record<string, unknown>>;

interface Step {
  readonly key: string;
  readonly isList: boolean;
}

interface Steps {
  readonly steps: readonly Step[];
  /** Leads to one value at most. */
  readonly isSingle: boolean;
}

const NOTHING: readonly unknown[] = [];

/** The paths are those of the tables of APIs: few, and always the same. */
const stepsByPath = new Map<JsonPath, Steps>();

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every value that the path leads to; none when there is no such place. */
export function valuesAt(document: unknown, path: JsonPath): readonly unknown[] {
  const { steps, isSingle } = stepsOf(path);
  if (isSingle) {
    const value = memberAt(document, steps);
    return value === undefined ? NOTHING : [value];
  }
  let found: readonly unknown[] = [document];
  for (const { key, isList } of steps) {
    const next: unknown[] = [];
    for (const value of found) {
      const member = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      if (isList && Array.isArray(member)) next.push(...(member as unknown[]));
      else if (!isList && member !== undefined) next.push(member);
    }
    if (next.length === 0) return next;
    found = next;
  }
  return found;
}

/** The first value that the path leads to; undefined when there is none. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  const { steps, isSingle } = stepsOf(path);
  return isSingle ? memberAt(document, steps) : valuesAt(document, path)[0];
}

/** The first text that one of the paths leads to; an empty one says nothing. */
export function textAt(document: unknown, paths: readonly JsonPath[]): string | undefined {
  for (const path of paths) {
    const { steps, isSingle } = stepsOf(path);
    const value = isSingle ? memberAt(document, steps) : valuesAt(document, path).find(isText);
    if (isText(value)) return value;
  }
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Asked for every event of every stream: without a list in the path, no list is made. */
function memberAt(document: unknown, steps: readonly Step[]): unknown {
  let value = document;
  for (const { key } of steps) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** All texts of all paths, in order. */
export function textsAt(document: unknown, paths: readonly JsonPath[]): string[] {
  return paths.flatMap((path) =>
    valuesAt(document, path).filter((value) => typeof value === "string"),
  );
}

function stepsOf(path: JsonPath): Steps {
  const known = stepsByPath.get(path);
  if (known !== undefined) return known;
  const steps = path.split(".").map((step) => {
    const isList = step.endsWith("[]");
    return { key: isList ? step.slice(0, -2) : step, isList };
  });
  const made = { steps, isSingle: steps.every(({ isList }) => !isList) };
  stepsByPath.set(path, made);
  return made;
}
