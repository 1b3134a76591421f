// An application that calls models with fetch, as main.ts tells it to. It knows nothing of the instrumentation.
import { setTimeout } from "node:timers/promises";
import { HELD_HEADER } from "./held-header.ts";
import { PATHS } from "./path-times.ts";
import type { PathTimes } from "./path-times.ts";

/** What the parent asks for, and what it gets back. */
export type Job =
  | {
      readonly do: "calls";
      readonly kind: CallKind;
      readonly count: number;
      readonly together: number;
      /** From the start of one call to that of the next; 0: as soon as the one before has ended. */
      readonly intervalMs: number;
    }
  | { readonly do: "open-streams"; readonly count: number }
  | { readonly do: "finish-streams" }
  | { readonly do: "measure-memory" };

/** A `bare-stream` does not ask for its usage: the instrumentation does, and hides it again. */
export type CallKind = "small" | "large" | "gzip" | "stream" | "gzip-stream" | "bare-stream";

export interface JobResult {
  /** One per call, in microseconds, without the time that the provider took. */
  readonly latenciesMicros: readonly number[];
  /** One per call, of an application that measures them. */
  readonly paths: readonly PathTimes[];
  /** Of the process, all its threads, while the job ran. */
  readonly cpuMicros: number;
  /** After collecting garbage. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const url = `${process.env["PROVIDER_URL"]}/v1/chat/completions`;
const SMALL_CHARACTERS = 1000;
const LARGE_CHARACTERS = 100_000;
/** Quotes and line ends make a text longer to go through than letters. */
const PROSE =
  'She said that "all is well", and went on to explain at some length what follows from it.\n';
const open: Response[] = [];

function requestOf(kind: CallKind): RequestInit {
  const characters = kind === "large" ? LARGE_CHARACTERS : SMALL_CHARACTERS;
  const content = PROSE.repeat(characters / PROSE.length);
  const stream = kind.endsWith("stream");
  const encoding = kind.startsWith("gzip") ? "gzip" : "identity";
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "accept-encoding": encoding,
      "x-answer": stream ? "stream" : "whole",
    },
    body: JSON.stringify({
      model: "gpt-4o-mini",
      messages: [{ role: "user", content }],
      ...(stream && { stream }),
      ...(stream && kind !== "bare-stream" && { stream_options: { include_usage: true } }),
    }),
  };
}

async function call(kind: CallKind): Promise<number> {
  const started = performance.now();
  const response = await fetch(url, requestOf(kind));
  await response.text();
  const tookMs = performance.now() - started;
  return (tookMs - Number(response.headers.get(HELD_HEADER))) * 1000;
}

async function makeCalls(job: Job & { do: "calls" }): Promise<number[]> {
  const { kind, count, together, intervalMs } = job;
  const latencies: number[] = [];
  const worker = async (): Promise<void> => {
    let nextMs = performance.now();
    while (latencies.length + together <= count) {
      latencies.push(await call(kind));
      if (intervalMs === 0) continue;
      nextMs += intervalMs;
      await setTimeout(nextMs - performance.now());
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  return latencies;
}

async function openStreams(count: number): Promise<void> {
  const request = requestOf("stream");
  const headers = { "content-type": "application/json", "x-answer": "held" };
  while (open.length < count) {
    const batch = Array.from({ length: Math.min(200, count - open.length) }, () =>
      fetch(url, { ...request, headers }),
    );
    open.push(...(await Promise.all(batch)));
  }
}

async function run(job: Job): Promise<readonly number[]> {
  switch (job.do) {
    case "calls":
      return makeCalls(job);
    case "open-streams":
      await openStreams(job.count);
      return [];
    case "finish-streams":
      await Promise.all(open.map((response) => response.text()));
      open.length = 0;
      return [];
    case "measure-memory":
      return [];
  }
}

async function perform(job: Job): Promise<JobResult> {
  const before = process.cpuUsage();
  const latenciesMicros = await run(job);
  const { user, system } = process.cpuUsage(before);
  if (job.do !== "calls") globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const paths = (globalThis as { [PATHS]?: PathTimes[] })[PATHS]?.splice(0) ?? [];
  return { latenciesMicros, paths, cpuMicros: user + system, heapBytes: heapUsed, rssBytes: rss };
}

process.on("message", (job: Job) => {
  void perform(job).then((result) => process.send?.(result));
});
process.send?.("ready");
