import { writeFileSync } from "node:fs";
import path from "node:path";
import type { TrueUsage } from "../../conformance/truth.ts";
import type { LoggedCall } from "../provider/fake-provider.ts";

export interface TruthFile {
  readonly client: string;
  readonly scenario: string;
  /** Versions of the packages that sent it. */
  readonly packages: Readonly<Record<string, string>>;
  /** When, as YYYY-MM-DD. */
  readonly date: string;
  readonly calls: readonly LoggedCall[];
}

const SUMMED = [
  "input_total",
  "input_cached_read",
  "input_cache_write",
  "output_total",
  "output_reasoning",
  "total",
] as const satisfies readonly (keyof TrueUsage)[];

/** Writes the provider's log of one scenario as `truth.json`. */
export function writeTruth(folder: string, { calls, ...facts }: TruthFile): void {
  const ok = calls.filter((call) => call.status === 200);
  const truth = {
    ...facts,
    source: "log of the fake provider",
    http_requests: calls.length,
    ok_calls: ok.length,
    error_responses: calls.length - ok.length,
    logical_calls: calls.filter((call) => !call.is_retry).length,
    tokens_billed: sumOf(ok),
    tokens_visible_on_wire: sumOf(ok.filter((call) => call.usage_on_wire)),
    calls,
  };
  writeFileSync(path.join(folder, "truth.json"), `${JSON.stringify(truth, undefined, 1)}\n`);
}

function sumOf(calls: readonly LoggedCall[]): Record<string, number> {
  const sum = (name: (typeof SUMMED)[number]): number =>
    calls.reduce((total, call) => total + (call.usage?.[name] ?? 0), 0);
  return Object.fromEntries(SUMMED.map((name) => [name, sum(name)]));
}
