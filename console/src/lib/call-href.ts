/** What leads to a call: its ids, and its start so that the search stays short. */
export interface CallReference {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly startUnixMs: number;
}

/** Undefined for a record without ids: it cannot be named. */
export function callHref(projectId: string, call: CallReference): string | undefined {
  if (call.traceId === undefined || call.spanId === undefined) return undefined;
  return `/projects/${projectId}/calls/${call.traceId}/${call.spanId}?at=${call.startUnixMs}`;
}
