import type { CallScope } from "@lensai/otel-config/control/call-scope";

/** jsonb does not promise the order of members; the same rows must give the same bytes. */
export function sortedScope(scope: CallScope): CallScope {
  return Object.fromEntries(
    Object.entries(scope).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}
