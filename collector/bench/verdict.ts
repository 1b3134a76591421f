import { percentile } from "./load.ts";
import { median } from "./measure.ts";
import type { Measured, Results } from "./measure.ts";
import { LASTING, SATURATED, STEADY } from "./variants.ts";
import type { Variant } from "./variants.ts";

/** What is asked of the collector, and what a run has shown of it. */

export interface Verdict {
  readonly bar: string;
  readonly asked: string;
  readonly seen: string;
  readonly isMet: boolean;
}

const NAIVE_RATIO_MIN = { plain: 6, content: 3.5 } as const;
const ACK_RATIO_MAX = 3;
const RSS_MEGABYTES_MAX = 300;
/** Between the first and the last round: what the table of seen spans still grows by is below it. */
const RSS_GROWTH_MEGABYTES_MAX = 10;
const NORMALISING_PERCENT_MAX = 30;

const cpuOf = (measured: Measured): number => median(measured.cpuMicrosPerSpan);
const p99Of = ({ latenciesMs }: Measured): number => percentile(latenciesMs, 0.99);

/** Verdicts on what was measured; what was not has none. */
export function verdictsOf(results: ReadonlyMap<Variant, Results>): Verdict[] {
  return [
    ...naiveVerdict(results.get(SATURATED.plain), "plain"),
    ...naiveVerdict(results.get(SATURATED.content), "content"),
    ...Array.from(results).flatMap(([variant, each]) => collectorVerdict(variant, each)),
    ...steadyVerdicts(results.get(STEADY)),
    ...steadyVerdicts(results.get(LASTING)),
    ...normalisingVerdict(results.get(SATURATED.plain)),
  ];
}

function naiveVerdict(results: Results | undefined, kind: "plain" | "content"): Verdict[] {
  const [ours, naive] = [results?.get("lensai"), results?.get("naive")];
  if (ours === undefined || naive === undefined) return [];
  const ratio = cpuOf(naive) / cpuOf(ours);
  const asked = NAIVE_RATIO_MIN[kind];
  return [
    {
      bar: `CPU per span beside naive, ${SATURATED[kind].name}`,
      asked: `1/${asked}`,
      seen: `1/${ratio.toFixed(2)} (${cpuOf(ours).toFixed(1)} µs of ${cpuOf(naive).toFixed(1)})`,
      isMet: ratio >= asked,
    },
  ];
}

function collectorVerdict(variant: Variant, results: Results): Verdict[] {
  const [ours, theirs] = [results.get("lensai"), results.get("otelcol")];
  if (ours === undefined || theirs === undefined) return [];
  return [
    {
      bar: `CPU per span beside the OTel Collector, ${variant.name}`,
      asked: "less",
      seen: `${cpuOf(ours).toFixed(1)} µs, its ${cpuOf(theirs).toFixed(1)}`,
      isMet: cpuOf(ours) < cpuOf(theirs),
    },
  ];
}

function steadyVerdicts(results: Results | undefined): Verdict[] {
  const [ours, floor] = [results?.get("lensai"), results?.get("walraw")];
  if (ours === undefined) return [];
  const [first = 0, last = first] = [ours.rssMegabytes[0], ours.rssMegabytes.at(-1)];
  const most = Math.max(...ours.rssMegabytes);
  const verdicts: Verdict[] = [
    {
      bar: "RSS at 51,200 spans a second",
      asked: `${RSS_MEGABYTES_MAX} MB, flat`,
      seen: `${most.toFixed(0)} MB; ${first.toFixed(0)} in the first round, ${last.toFixed(0)} in the last`,
      isMet: most <= RSS_MEGABYTES_MAX && last - first <= RSS_GROWTH_MEGABYTES_MAX,
    },
  ];
  if (floor === undefined) return verdicts;
  const ratio = p99Of(ours) / p99Of(floor);
  const ack: Verdict = {
    bar: "p99 of the durable ack at 100 x 512 a second, beside the raw log",
    asked: `${ACK_RATIO_MAX}x`,
    seen: `${ratio.toFixed(1)}x (${p99Of(ours).toFixed(1)} ms of ${p99Of(floor).toFixed(1)})`,
    isMet: ratio <= ACK_RATIO_MAX,
  };
  return [ack, ...verdicts];
}

function normalisingVerdict(results: Results | undefined): Verdict[] {
  const [ours, without] = [results?.get("lensai"), results?.get("unaccounted")];
  if (ours === undefined || without === undefined) return [];
  const percent = (100 * (cpuOf(ours) - cpuOf(without))) / cpuOf(without);
  return [
    {
      bar: "CPU of normalising, pricing and billing, over a collector without",
      asked: `${NORMALISING_PERCENT_MAX} %`,
      seen: `${percent.toFixed(0)} % (${cpuOf(ours).toFixed(1)} µs over ${cpuOf(without).toFixed(1)})`,
      isMet: percent <= NORMALISING_PERCENT_MAX,
    },
  ];
}
