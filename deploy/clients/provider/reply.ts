import type { Answer } from "./answer.ts";
import type { TrueUsage } from "../../conformance/truth.ts";

/** A request as a dialect of the fake provider sees it. */
export interface ProviderRequest {
  readonly path: string;
  /** What follows "?" in its URL; "" without one. */
  readonly query: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What goes back, and what the provider writes into its log about it. */
export interface Reply {
  readonly contentType: string;
  /** One body, or the chunks of a stream. */
  readonly chunks: readonly (string | Buffer)[];
  readonly isStream: boolean;
  readonly responseId: string | null;
  /** Null where the answer does not name it. */
  readonly responseModel: string | null;
  readonly usageRaw: Readonly<Record<string, unknown>>;
  /** Null where the provider counts no tokens: what is charged by the picture or the second. */
  readonly usage: TrueUsage | null;
  /** Does a client that reads to the end see the usage? */
  readonly usageIsSent: boolean;
  /** Beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One HTTP API of a provider. */
export interface ProviderApi {
  readonly name: string;
  readonly matches: (path: string) => boolean;
  readonly modelOf: (request: ProviderRequest) => string;
  readonly isStream: (request: ProviderRequest) => boolean;
  readonly reply: (request: ProviderRequest, answer: Answer) => Reply;
  readonly failure: (answer: Answer, status: number) => string;
}

/** Inclusive totals of an answer's parts. */
export function usageOf({ counts }: Answer, isExclusive: boolean): TrueUsage {
  const { cacheRead, cacheWrite5m, cacheWrite1h, text, reasoning } = counts;
  const uncached = counts.uncached + counts.toolUse;
  const cacheWrite = cacheWrite5m + cacheWrite1h;
  return {
    input_total: uncached + cacheRead + cacheWrite,
    input_cached_read: cacheRead,
    input_cache_write: cacheWrite,
    input_uncached: uncached,
    output_total: text + reasoning,
    output_reasoning: reasoning,
    total: uncached + cacheRead + cacheWrite + text + reasoning,
    provider_input_field_includes_cache: !isExclusive,
  };
}

/** A call that has no cache and no reasoning: what went in, and what came out. */
export function plainUsage(input: number, output: number): TrueUsage {
  return {
    input_total: input,
    input_cached_read: 0,
    input_cache_write: 0,
    input_uncached: input,
    output_total: output,
    output_reasoning: 0,
    total: input + output,
    provider_input_field_includes_cache: true,
  };
}

export const JSON_TYPE = "application/json";
export const SSE_TYPE = "text/event-stream";
export const NDJSON_TYPE = "application/x-ndjson";

export const line = (data: unknown): string => `${JSON.stringify(data)}\n`;

export function sse(data: unknown, event?: string): string {
  const head = event === undefined ? "" : `event: ${event}\n`;
  return `${head}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
