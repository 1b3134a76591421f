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

/** The paths are those of the tables of APIs: few, and always the same. */
const stepsByPath = new Map<JsonPath, readonly Step[]>();

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every value that the path leads to; none when there is no such place. */
export function valuesAt(document: unknown, path: JsonPath): readonly unknown[] {
  let found: readonly unknown[] = [document];
  for (const { key, isList } of stepsOf(path)) {
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

/** The first text that one of the paths leads to; an empty one says nothing. */
export function textAt(document: unknown, paths: readonly JsonPath[]): string | undefined {
  for (const path of paths) {
    for (const value of valuesAt(document, path)) {
      if (typeof value === "string" && value !== "") return value;
    }
  }
  return undefined;
}

/** All texts of all paths, in order. */
export function textsAt(document: unknown, paths: readonly JsonPath[]): string[] {
  return paths.flatMap((path) =>
    valuesAt(document, path).filter((value) => typeof value === "string"),
  );
}

function stepsOf(path: JsonPath): readonly Step[] {
  const known = stepsByPath.get(path);
  if (known !== undefined) return known;
  const steps = path.split(".").map((step) => {
    const isList = step.endsWith("[]");
    return { key: isList ? step.slice(0, -2) : step, isList };
  });
  stepsByPath.set(path, steps);
  return steps;
}
