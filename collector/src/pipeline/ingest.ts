import type { ContentPolicy } from "@lensai/otel-config/control/projects";

export type Signal = "traces" | "logs" | "metrics";

export interface IngestRequest {
  readonly signal: Signal;
  /** OTLP protobuf, inflated (JSON already transcoded). Its memory may be freed once `ingest` has settled. */
  readonly body: Uint8Array;
  /** The bytes as received: the source of the batch id and, when nothing is masked, the WAL record. */
  readonly wire: Uint8Array;
  readonly wireEncoding: "identity" | "gzip" | "zstd" | "deflate";
  /** False when the wire was JSON: then the protobuf body goes to the WAL. */
  readonly wireIsBody: boolean;
  readonly projectId: string;
  /** Undefined for keyless loopback ingest. */
  readonly apiKeyId: string | undefined;
  readonly content: ContentPolicy;
  readonly receivedAtMs: number;
  /** What the transcoder noticed, to be joined to the message of the result. */
  readonly hints: readonly string[];
}

export interface IngestResult {
  readonly accepted: number;
  readonly rejected: number;
  /** Why records were rejected; also a warning when none was. */
  readonly message: string | undefined;
}

export interface Ingest {
  /**
   * Resolves when every accepted record is durable. Throws LensError `ingest.body_malformed`,
   * `ingest.wrong_signal` or `ingest.storage_behind`; then nothing of the request was accepted.
   */
  ingest(request: IngestRequest): Promise<IngestResult>;
}
