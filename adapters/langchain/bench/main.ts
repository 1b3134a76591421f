import { RunnableLambda } from "@langchain/core/runnables";
import { RunSpans } from "@lensai/instrumentation/runs/run-spans";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { trace } from "@opentelemetry/api";
import { LensHandler } from "../src/lens-handler.ts";

/**
 * A million runs through LangChain, of which every tenth is given up half-way, and what the process holds after
 * each 100,000; then the time of a run with and without the handler.
 */
const RUNS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 10;
const BATCH = 1000;
const TIMED_RUNS = 2_000;

let endedSpans = 0;
const counting: SpanProcessor = {
  onStart: () => {},
  onEnd: () => void (endedSpans += 1),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
const sdk = new NodeSDK({
  autoDetectResources: false,
  spanProcessors: [counting],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

const runs = new RunSpans(() => trace.getTracer("bench"));
const handler = new LensHandler(runs);
const chain = RunnableLambda.from((text: string) => text).withConfig({ runName: "echo" });

async function oneRun(number: number): Promise<void> {
  if (number % 10 !== 0) {
    await chain.invoke("x", { callbacks: [handler] });
    return;
  }
  // As LangChain reports a stream that nobody reads on: a start, and no end.
  handler.handleChainStart(undefined, {}, `given up ${number}`);
}

async function many(from: number, count: number): Promise<void> {
  for (let first = from; first < from + count; first += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, (_, offset) => oneRun(first + offset)));
  }
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0).padStart(6);

console.log("     runs   open   ended spans   heap MB   RSS MB");
for (let round = 0; round < ROUNDS; round += 1) {
  await many((round * RUNS) / ROUNDS, RUNS / ROUNDS);
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const done = String(((round + 1) * RUNS) / ROUNDS).padStart(9);
  const counts = `${String(runs.size).padStart(6)}   ${String(endedSpans).padStart(11)}`;
  console.log(`${done} ${counts}   ${megabytes(heapUsed)}   ${megabytes(rss)}`);
}

async function microsecondsPerRun(callbacks: readonly LensHandler[]): Promise<number> {
  const startMs = performance.now();
  for (let number = 0; number < TIMED_RUNS; number += 1) {
    await chain.invoke("x", { callbacks: [...callbacks] });
  }
  return ((performance.now() - startMs) * 1000) / TIMED_RUNS;
}

await microsecondsPerRun([]);
const without = await microsecondsPerRun([]);
const withHandler = await microsecondsPerRun([handler]);
console.log(
  `one run: ${without.toFixed(1)} us without the handler, ${withHandler.toFixed(1)} us with it`,
);
await sdk.shutdown();
