import { readFileSync } from "node:fs";
import path from "node:path";

/** What a provider's own log says about one HTTP request that it answered. Times are Unix ms. */
export interface TrueCall {
  readonly id: number;
  readonly api: string;
  readonly request_model: string | null;
  readonly response_model: string | null;
  readonly stream: boolean | null;
  readonly status: number;
  readonly t_start_unix_ms: number;
  readonly latency_ms: number;
  readonly client_aborted: boolean;
  readonly server_cut: boolean;
  readonly response_id: string | null;
  /** Was the usage part of what the client got? A stream that broke off has none, though it is billed. */
  readonly usage_on_wire: boolean;
  readonly usage_raw: Readonly<Record<string, unknown>> | null;
  readonly usage: TrueUsage | null;
}

/** Inclusive totals and the parts inside of them. */
export interface TrueUsage {
  readonly input_total: number;
  readonly input_cached_read: number;
  readonly input_cache_write: number;
  readonly input_uncached: number;
  readonly output_total: number;
  readonly output_reasoning: number;
  readonly total: number;
  /** How the provider itself counts: is what its input field says inclusive? */
  readonly provider_input_field_includes_cache: boolean;
}

export interface Truth {
  readonly client: string;
  readonly scenario: string;
  readonly calls: readonly TrueCall[];
}

export function readTruth(folder: string): Truth {
  return JSON.parse(readFileSync(path.join(folder, "truth.json"), "utf8")) as Truth;
}

/** Calls that the provider answered, and so bills: also those whose stream broke off. */
export function answeredCalls({ calls }: Truth): TrueCall[] {
  return calls.filter((call) => call.status === 200);
}

export function isBrokenOff(call: TrueCall): boolean {
  return call.client_aborted || call.server_cut;
}

export const endMsOf = (call: TrueCall): number => call.t_start_unix_ms + call.latency_ms;

/** Tokens written to a cache for an hour, where the provider tells them apart. */
export function cacheWrite1hOf({ usage_raw }: TrueCall): number {
  const split = usage_raw?.["cache_creation"] as Readonly<Record<string, unknown>> | undefined;
  const count = split?.["ephemeral_1h_input_tokens"];
  return typeof count === "number" ? count : 0;
}
