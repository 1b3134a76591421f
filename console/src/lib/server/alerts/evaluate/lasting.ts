/** Of what is found, by its name, that which was found whenever it looked for `lastsMs`. */
export type Lasting = <Found>(
  found: readonly Found[],
  nameOf: (one: Found) => string,
) => readonly Found[];

/** Remembers since when each name is found. A name that is missing once begins anew. */
export function createLasting(now: () => Date, lastsMs: number): Lasting {
  const sinceMs = new Map<string, number>();
  return (found, nameOf) => {
    const nowMs = now().getTime();
    const names = new Set(found.map((one) => nameOf(one)));
    for (const name of sinceMs.keys()) if (!names.has(name)) sinceMs.delete(name);
    for (const name of names) sinceMs.set(name, sinceMs.get(name) ?? nowMs);
    return found.filter((one) => nowMs - (sinceMs.get(nameOf(one)) ?? nowMs) >= lastsMs);
  };
}
