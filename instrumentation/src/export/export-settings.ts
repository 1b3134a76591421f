import { parseKeyPairsIntoRecord } from "@opentelemetry/core";

/** How spans leave the process, as far as the environment says. */
export interface ExportSettings {
  /** Where spans go; its sibling for metrics is derived from it. */
  readonly tracesUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For one request. */
  readonly timeoutMs: number;
  readonly isGzip: boolean;
  readonly tlsFiles: TlsPaths;
  readonly signing: SigningSource | undefined;
  readonly batchSpansMax: number;
  readonly delayMs: number;
  readonly queueSpansMax: number;
  readonly queueBytesMax: number;
  /** A folder where batches wait while the collector is away. */
  readonly spill: { readonly folder: string; readonly bytesMax: number } | undefined;
}

/** Files in PEM. */
export interface TlsPaths {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** One secret, or a file of them that may change while the process runs. */
export type SigningSource =
  | { readonly keyId: string; readonly secret: string }
  | { readonly file: string };

/** What code can say; it wins over the environment. */
export interface ExportOptions {
  /** Base URL of the collector; OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318, when absent. */
  readonly endpoint?: string;
  /** Sent with every export, as `{ "x-api-key": "<API key>" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The secret that exports are signed with, or a file of secrets: LENSAI_SIGNING_KEYS_FILE. */
  readonly signing?: SigningSource;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const DEFAULT_ENDPOINT = "http://localhost:4318";
const TRACES_PATH = "v1/traces";
const PROTOBUF = "http/protobuf";

/** Budgets are settled by spans: sooner than the five seconds that SDKs wait. */
const DELAY_MS = 1000;
const TIMEOUT_MS = 10_000;
const BATCH_SPANS_MAX = 512;
/** More than 32 MiB of compressed spans hold; it bounds the spans that do not compress. */
const QUEUE_SPANS_MAX = 262_144;
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
const SPILL_BYTES_MAX = 256 * 1024 * 1024;

/** Has the user chosen an exporter that OpenTelemetry's SDK sets up by itself? */
export function hasOtherExporter(env: Variables): boolean {
  const read = new VariableReader(env, () => {});
  const exporter = read.text("OTEL_TRACES_EXPORTER") ?? "otlp";
  return exporter !== "otlp" || (read.otlp("PROTOCOL") ?? PROTOBUF) !== PROTOBUF;
}

/** `problem` is called with a sentence about each value that cannot be used; a default takes its place. */
export function readExportSettings(
  env: Variables,
  problem: (sentence: string) => void,
): ExportSettings {
  const read = new VariableReader(env, problem);
  const compression = read.otlp("COMPRESSION");
  return {
    tracesUrl: tracesUrlOf(read),
    headers: headersOf(read),
    timeoutMs: read.count(
      ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"],
      TIMEOUT_MS,
    ),
    // Unlike the specification's default: what is signed and kept is a fifth of it.
    isGzip: compression !== "none",
    tlsFiles: {
      ca: read.otlp("CERTIFICATE"),
      cert: read.otlp("CLIENT_CERTIFICATE"),
      key: read.otlp("CLIENT_KEY"),
    },
    signing: signingOf(read, problem),
    batchSpansMax: read.count(["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], BATCH_SPANS_MAX),
    delayMs: read.count(["OTEL_BSP_SCHEDULE_DELAY"], DELAY_MS),
    queueSpansMax: read.count(["OTEL_BSP_MAX_QUEUE_SIZE"], QUEUE_SPANS_MAX),
    queueBytesMax: read.count(["LENSAI_EXPORT_QUEUE_BYTES"], QUEUE_BYTES_MAX),
    spill: spillOf(read),
  };
}

/** Where the metrics of a receiver of traces go; undefined when its address does not say. */
export function metricsUrlOf(tracesUrl: string): string | undefined {
  return /\/v1\/traces\/?$/.test(tracesUrl)
    ? tracesUrl.replace(/\/v1\/traces\/?$/, "/v1/metrics")
    : undefined;
}

/** What code says, and the environment for the rest. */
export function withOptions(
  settings: ExportSettings,
  { endpoint, headers, signing }: ExportOptions,
): ExportSettings {
  return {
    ...settings,
    ...(endpoint !== undefined && { tracesUrl: tracesUrlBelow(endpoint) }),
    ...(headers !== undefined && { headers: lowerCased(headers) }),
    ...(signing !== undefined && { signing }),
  };
}

/** The address of traces below the base URL of a collector. */
function tracesUrlBelow(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, "")}/${TRACES_PATH}`;
}

function tracesUrlOf(read: VariableReader): string {
  const own = read.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  return own ?? tracesUrlBelow(read.url("OTEL_EXPORTER_OTLP_ENDPOINT") ?? DEFAULT_ENDPOINT);
}

/** The key of a project, unless the user sends one already. */
function headersOf(read: VariableReader): Readonly<Record<string, string>> {
  const general = parseKeyPairsIntoRecord(read.text("OTEL_EXPORTER_OTLP_HEADERS"));
  const own = parseKeyPairsIntoRecord(read.text("OTEL_EXPORTER_OTLP_TRACES_HEADERS"));
  const apiKey = read.text("LENSAI_API_KEY");
  return {
    ...(apiKey !== undefined && { "x-api-key": apiKey }),
    ...lowerCased({ ...general, ...own }),
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  );
}

function spillOf(read: VariableReader): ExportSettings["spill"] {
  const bytesMax = read.count(["LENSAI_SPILL_BYTES_MAX"], SPILL_BYTES_MAX);
  const folder = read.text("LENSAI_SPILL_DIR");
  return folder === undefined ? undefined : { folder, bytesMax };
}

function signingOf(
  read: VariableReader,
  problem: (sentence: string) => void,
): SigningSource | undefined {
  const file = read.text("LENSAI_SIGNING_KEYS_FILE");
  if (file !== undefined) return { file };
  const keyId = read.text("LENSAI_SIGNING_KEY_ID");
  const secret = read.text("LENSAI_SIGNING_SECRET");
  if (keyId !== undefined && secret !== undefined) return { keyId, secret };
  if (keyId === undefined && secret === undefined) return undefined;
  problem("LENSAI_SIGNING_KEY_ID and LENSAI_SIGNING_SECRET belong together; set both or none");
  // Whoever sets one of them does not want to send unsigned.
  return { keyId: keyId ?? "", secret: secret ?? "" };
}

/** Values are never repeated: they may be secrets. */
class VariableReader {
  readonly #env: Variables;
  readonly #problem: (sentence: string) => void;

  constructor(env: Variables, problem: (sentence: string) => void) {
    this.#env = env;
    this.#problem = problem;
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === "" ? undefined : value;
  }

  /** That of traces before that of all signals. */
  otlp(name: string): string | undefined {
    return (
      this.text(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? this.text(`OTEL_EXPORTER_OTLP_${name}`)
    );
  }

  /** The first of them that is set. */
  count(names: readonly string[], otherwise: number): number {
    for (const name of names) {
      const text = this.text(name);
      if (text === undefined) continue;
      const value = Number(text);
      if (Number.isSafeInteger(value) && value > 0) return value;
      this.#problem(`${name} is not a whole number above 0; ${otherwise} is used`);
    }
    return otherwise;
  }

  url(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
    this.#problem(`${name} is not an http or https URL; it is not used`);
    return undefined;
  }
}
