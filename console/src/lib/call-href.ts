/** What leads to a call: its ids or its place in a request, and its start so that the search stays short. */
export interface CallReference {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly batchId: string;
  readonly recordOrdinal: bigint | string | undefined;
  readonly startUnixMs: number;
  /** A log has the ids of the span that it was written in: only its place names it. */
  readonly signal: string;
}

/** Undefined for a record that has no name: it came before records had places. */
export function callHref(projectId: string, call: CallReference): string | undefined {
  const path = callPath(call);
  return path === undefined ? undefined : `/projects/${projectId}/${path}?at=${call.startUnixMs}`;
}

const IDS = /^[0-9a-f]{32} [0-9a-f]{16}$/;

function callPath(call: CallReference): string | undefined {
  const { signal, traceId, spanId, batchId, recordOrdinal } = call;
  if (signal === "span" && IDS.test(`${traceId} ${spanId}`)) return `calls/${traceId}/${spanId}`;
  return recordOrdinal === undefined ? undefined : `records/${batchId}/${recordOrdinal}`;
}

/** Stands for the record in the address of a page that shows its arithmetic; `arithmeticOfKey` reads it. */
export function callKey(call: CallReference): string | undefined {
  const path = callPath(call);
  return path === undefined ? undefined : `${path.replaceAll("/", ".")}.${call.startUnixMs}`;
}

const KEY =
  /^(?:calls\.([0-9a-f]{32})\.([0-9a-f]{16})|records\.([0-9a-f]{32})\.(\d{1,9}))\.(\d{12,14})$/;

interface NamedRecord {
  readonly path: string;
  readonly startUnixMs: string;
}

/** Where the arithmetic of a key is, as JSON; undefined for text that is no key. */
export function arithmeticOfKey(projectId: string, key: string): string | undefined {
  const record = recordOfKey(key);
  return record && `/projects/${projectId}/${record.path}/arithmetic?at=${record.startUnixMs}`;
}

/** The page of the record; undefined for text that is no key. */
export function hrefOfKey(projectId: string, key: string): string | undefined {
  const record = recordOfKey(key);
  return record && `/projects/${projectId}/${record.path}?at=${record.startUnixMs}`;
}

function recordOfKey(key: string): NamedRecord | undefined {
  const match = KEY.exec(key);
  if (match === null) return undefined;
  const [, traceId, spanId, batchId, recordOrdinal, startUnixMs = ""] = match;
  const path =
    traceId === undefined ? `records/${batchId}/${recordOrdinal}` : `calls/${traceId}/${spanId}`;
  return { path, startUnixMs };
}
