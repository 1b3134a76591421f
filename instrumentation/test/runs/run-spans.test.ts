import { ROOT_CONTEXT, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attributionAttributes, withAttribution } from "../../src/manual/attribution.ts";
import { RunContext } from "../../src/runs/run-context.ts";
import { RunSpans, runSpansOf } from "../../src/runs/run-spans.ts";
import type { RunStart } from "../../src/runs/run-spans.ts";
import { processState } from "../../src/spans/process-state.ts";
import { faultyTracer } from "../support/faulty-tracer.ts";

const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({
  autoDetectResources: false,
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  metricReaders: [],
  logRecordProcessors: [],
});
beforeAll(() => sdk.start());
afterAll(() => sdk.shutdown());
beforeEach(() => exporter.reset());

const run = (id: string, parentId?: string): RunStart => ({
  id,
  parentId,
  span: { name: id, attributes: {} },
});
const runsOf = (limits = { openMax: 100, idleMsMax: 1000 }, now = (): number => 0): RunSpans =>
  new RunSpans(() => trace.getTracer("test"), { limits, now });
const ended = (name: string): ReadableSpan | undefined =>
  exporter.getFinishedSpans().find((span) => span.name === name);
const parentOf = (name: string): string | undefined => ended(name)?.parentSpanContext?.spanId;
const idOf = (name: string): string | undefined => ended(name)?.spanContext().spanId;
const endMsOf = (name: string): number => {
  const [seconds, nanoseconds] = ended(name)?.endTime ?? [0, 0];
  return seconds * 1000 + nanoseconds / 1e6;
};
const mark = (name: string): void => trace.getTracer("app").startSpan(name).end();

/** As a framework does: the start is awaited by the function that goes on with the run. */
async function working(runs: RunSpans, start: RunStart, work: () => unknown): Promise<void> {
  await Promise.resolve();
  await (async () => runs.start(() => start))();
  await work();
  runs.end(start.id);
}

describe("a run", () => {
  test("surrounds what is done until it ends, and nothing after that", async () => {
    const runs = runsOf();
    runs.start(() => run("a"));
    mark("during");
    await Promise.resolve();
    mark("later");
    runs.end("a");
    mark("after");
    expect([parentOf("during"), parentOf("later"), parentOf("after")]).toEqual([
      idOf("a"),
      idOf("a"),
      undefined,
    ]);
  });

  test("has the parent that the framework says, whatever is active", async () => {
    const runs = runsOf();
    await Promise.all(
      ["x", "y", "z"].map((name) =>
        working(runs, run(name), () =>
          Promise.all(
            [1, 2, 3].map((number) =>
              working(runs, run(`${name}${number}`, name), () => mark(`in ${name}${number}`)),
            ),
          ),
        ),
      ),
    );
    for (const name of ["x", "y", "z"]) {
      for (const number of [1, 2, 3]) {
        expect(parentOf(`${name}${number}`)).toBe(idOf(name));
        expect(parentOf(`in ${name}${number}`)).toBe(idOf(`${name}${number}`));
      }
    }
  });

  test("without a span passes on that of the run above", () => {
    const runs = runsOf();
    runs.start(() => run("chain"));
    runs.start(() => ({ id: "model", parentId: "chain" }));
    mark("call");
    runs.end("model");
    runs.end("chain");
    expect(parentOf("call")).toBe(idOf("chain"));
  });

  test("is below a span that the application made inside of its parent", () => {
    const runs = runsOf();
    runs.start(() => run("tool"));
    trace.getTracer("app").startActiveSpan("own", (own) => {
      runs.start(() => run("inner", "tool"));
      runs.end("inner");
      own.end();
    });
    runs.end("tool");
    expect(parentOf("inner")).toBe(idOf("own"));
    expect(parentOf("own")).toBe(idOf("tool"));
  });

  test("is one, however often it is reported", () => {
    const runs = runsOf();
    runs.start(() => run("a"));
    runs.start(() => run("a"));
    runs.end("a");
    runs.end("a");
    expect(exporter.getFinishedSpans().length).toBe(1);
  });

  test("that fails says the kind of the error only", () => {
    const runs = runsOf();
    runs.start(() => run("a"));
    runs.fail("a", new RangeError("secret"));
    expect(ended("a")).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "error.type": "RangeError" },
    });
  });

  test("attributes what is below it, on top of what the application said", () => {
    const runs = runsOf();
    withAttribution({ team: "support", user: "u1" }, () => {
      runs.start(() => ({ ...run("a"), attribution: { user: "u2", agent: "planner" } }));
      expect(attributionAttributes(context.active())).toEqual({
        "lensai.team": "support",
        "user.id": "u2",
        "gen_ai.agent.name": "planner",
      });
      runs.end("a");
      expect(attributionAttributes(context.active())).toEqual({
        "lensai.team": "support",
        "user.id": "u1",
      });
    });
    expect(ended("a")?.attributes).toMatchObject({ "user.id": "u2", "lensai.team": "support" });
  });
});

describe("runs that never end", () => {
  test("are given up beyond the limit, those that did nothing for longest first", () => {
    const runs = runsOf({ openMax: 3, idleMsMax: 1000 });
    for (const id of ["a", "b", "c"]) runs.start(() => run(id));
    runs.start(() => run("below a", "a"));
    expect(runs.size).toBe(3);
    expect(ended("b")?.attributes["lensai.observation.problem"]).toBe("run_not_ended");
    expect(ended("a")).toBeUndefined();
  });

  test("are given up after the idle time, and end when they last did something", () => {
    const startMs = Date.now() + 5000;
    let nowMs = startMs;
    const runs = runsOf({ openMax: 100, idleMsMax: 1000 }, () => nowMs);
    runs.start(() => run("idle"));
    runs.start(() => run("busy"));
    nowMs += 500;
    runs.start(() => run("below busy", "busy"));
    nowMs += 500;
    runs.start(() => run("new"));
    expect(endMsOf("idle")).toBe(startMs);
    expect(ended("busy")).toBeUndefined();
    nowMs += 499;
    runs.start(() => run("newer"));
    expect(ended("busy")).toBeUndefined();
    nowMs += 1;
    runs.start(() => run("newest"));
    expect(endMsOf("busy")).toBe(startMs + 500);
  });

  test("do not grow with their number: 100,000 of them", () => {
    const tracer = new TracerProvider({ spanProcessors: [] }).getTracer("test");
    const limits = { openMax: 1000, idleMsMax: 1e9 };
    const runs = new RunSpans(() => tracer, { limits });
    for (let number = 0; number < 100_000; number += 1) {
      runs.start(() => run(`run ${number}`, `run ${number - (number % 10)}`));
    }
    expect(runs.size).toBe(1000);
  });

  test("leave no chain of contexts in a loop that starts one after the other", () => {
    context.with(ROOT_CONTEXT, () => {
      const runs = runsOf({ openMax: 1e6, idleMsMax: 1e9 });
      for (let number = 0; number < 10_000; number += 1) {
        runs.start(() => run(`run ${number}`));
        runs.end(`run ${number}`);
      }
      // Reading it would overflow the stack if each held the one before.
      expect(trace.getActiveSpan()).toBeUndefined();
      expect(RunContext.settle(context.active())).toBe(ROOT_CONTEXT);
    });
  });

  test("end with the process", () => {
    runSpansOf({ name: "framework", version: "1" }).start(() => run("open"));
    for (const end of processState().endings) end();
    expect(ended("open")?.attributes["lensai.observation.problem"]).toBe("run_not_ended");
    expect(runSpansOf({ name: "framework", version: "1" }).size).toBe(0);
  });
});

describe("whatever fails inside", () => {
  test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    "use %i of the tracer is not seen by the application",
    (fault) => {
      const { tracer } = faultyTracer(trace.getTracer("test"), fault);
      const runs = new RunSpans(() => tracer);
      const use = (): void => {
        runs.start(() => ({ ...run("a"), attribution: { agent: "x" } }));
        runs.start(() => run("b", "a"));
        runs.fail("b", new Error("x"));
        runs.end("a", { name: "n", attributes: { x: 1 } });
        runs.abandonAll();
      };
      expect(use).not.toThrow();
      expect(runs.size).toBe(0);
    },
  );
});
