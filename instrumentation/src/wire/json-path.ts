/**
 * Where a value is in a JSON document: keys with dots between them; `list[]` goes on in every element of the
 * list, so that one path can lead to several values.
 */
export type JsonPath = string;

export type JsonObject = Readonly<Record<string, unknown>>;

interface Step {
  readonly key: string;
  readonly isList: boolean;
  /** Undefined: the value is reached. */
  readonly next: Step | undefined;
}

interface Steps {
  readonly steps: Step | undefined;
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
  const found: unknown[] = [];
  visit(document, steps, (value) => void found.push(value));
  return found;
}

/** Tells every value that the steps lead to, in order. */
function visit(value: unknown, step: Step | undefined, see: (value: unknown) => void): void {
  if (step === undefined) return see(value);
  const member = memberOf(value, step.key);
  if (member === undefined) return;
  if (!step.isList) visit(member, step.next, see);
  else if (Array.isArray(member)) for (const each of member) visit(each, step.next, see);
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
function memberAt(document: unknown, first: Step | undefined): unknown {
  let value = document;
  for (let step = first; step !== undefined && value !== undefined; step = step.next) {
    value = memberOf(value, step.key);
  }
  return value;
}

function memberOf(value: unknown, key: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Tells all texts of all paths, in order. Asked for every event of every stream: no list is made of them. */
export function forTextsAt(
  document: unknown,
  paths: readonly JsonPath[],
  see: (text: string) => void,
): void {
  const seeText = (value: unknown): void => {
    if (typeof value === "string") see(value);
  };
  for (const path of paths) visit(document, stepsOf(path).steps, seeText);
}

function stepsOf(path: JsonPath): Steps {
  const known = stepsByPath.get(path);
  if (known !== undefined) return known;
  let steps: Step | undefined;
  for (const name of path.split(".").reverse()) {
    const isList = name.endsWith("[]");
    steps = { key: isList ? name.slice(0, -2) : name, isList, next: steps };
  }
  const made = { steps, isSingle: !path.includes("[]") };
  stepsByPath.set(path, made);
  return made;
}
