import { percentile } from "./load.ts";
import { median } from "./measure.ts";
import type { Results } from "./measure.ts";
import type { Variant } from "./variants.ts";
import type { Verdict } from "./verdict.ts";

/** What a run prints. */

const HEADER =
  "server      CPU µs/span  baseline   spans/s     p50      p95      p99 ms   RSS MB  refused";

/** One line per server. The baseline is the naive receiver, or the earlier revision. */
export function printResults(variant: Variant, results: Results): void {
  const baseline = results.get("naive") ?? results.get("earlier");
  console.log(`\n${variant.name}\n${HEADER}`);
  for (const [name, measured] of results) {
    const cpu = median(measured.cpuMicrosPerSpan);
    const ratio = baseline === undefined ? undefined : median(baseline.cpuMicrosPerSpan) / cpu;
    const cells = [
      name.padEnd(11),
      cpu.toFixed(2).padStart(11),
      (ratio === undefined ? "" : `1/${ratio.toFixed(2)}`).padStart(9),
      Math.round(median(measured.spansPerSecond)).toString().padStart(10),
      ...[0.5, 0.95, 0.99].map((share) =>
        percentile(measured.latenciesMs, share).toFixed(1).padStart(8),
      ),
      Math.max(...measured.rssMegabytes)
        .toFixed(0)
        .padStart(9),
      String(measured.refused).padStart(8),
    ];
    console.log(cells.join(" "));
  }
}

/** The most of each round, whatever the round is: memory that grows shows as a row of numbers that rises. */
export function printMemoryByRound(results: Results): void {
  for (const [name, { rssMegabytes }] of results) {
    console.log(
      `${name.padEnd(11)} RSS MB ${rssMegabytes.map((most) => most.toFixed(0)).join(" ")}`,
    );
  }
}

/** Each bar on a line of its own, the missed ones first. */
export function printVerdicts(verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  const sorted = [...verdicts].sort((a, b) => Number(a.isMet) - Number(b.isMet));
  const width = Math.max(...sorted.map(({ bar }) => bar.length));
  console.log("\nwhat is asked");
  for (const { bar, asked, seen, isMet } of sorted) {
    console.log(
      `${isMet ? "met   " : "missed"}  ${bar.padEnd(width)}  ${asked.padEnd(12)}  ${seen}`,
    );
  }
}
