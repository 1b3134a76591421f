import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { diag } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instrumentFetch } from "../../src/fetch/instrument-fetch.ts";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { faultyTracer } from "../support/faulty-tracer.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
beforeEach(async () => {
  provider = await startProviderServer();
});
afterEach(async () => {
  diag.disable();
  await provider.stop();
});

const USAGE = { prompt_tokens: 10, completion_tokens: 4 };
const EVENTS = [
  { choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] },
  { choices: [], usage: USAGE },
];
const ANSWERS: readonly (readonly [string, ProviderServer["answer"]])[] = [
  ["a body", json({ choices: [{ finish_reason: "stop" }], usage: USAGE })],
  ["a stream", stream(EVENTS.map(sse))],
  ["a stream that is cut", stream(EVENTS.map(sse), "cut")],
  ["a refusal", json({ error: "busy" }, 503)],
];

const silent = (): void => {};

/** What the application sees of a call. */
async function outcome(fetched: typeof fetch): Promise<unknown> {
  const body = JSON.stringify({ model: "m", messages: [], stream: true });
  try {
    const response = await fetched(`${provider.url}/v1/chat/completions`, { method: "POST", body });
    const { status, headers } = response;
    const text = await response.text().catch((error: unknown) => String(error));
    return { status, type: headers.get("content-type"), text: text.replace(sse(EVENTS[1]), "") };
  } catch (error) {
    return String(error);
  }
}

describe("whatever breaks inside", () => {
  test.each(ANSWERS)("the application gets %s as it would without", async (_, answer) => {
    provider.answer = answer;
    diag.setLogger({
      error() {
        throw new Error("the logger breaks, too");
      },
      warn() {},
      info() {},
      debug() {},
      verbose() {},
    });
    const expected = await outcome(fetch);
    const { tracer } = recordSpans();
    let fault = 0;
    let uses: number;
    do {
      fault += 1;
      const faulty = faultyTracer(tracer, fault);
      expect(await outcome(wrapFetch(fetch, { tracer: faulty.tracer }))).toEqual(expected);
      uses = faulty.uses();
    } while (uses >= fault);
    // Starting, asking, describing and ending a span, and one time without a fault.
    expect(fault).toBeGreaterThanOrEqual(5);
  });

  test("it is reported once, without what the call was about", async () => {
    const reports: string[] = [];
    const report = (message: string): void => void reports.push(message);
    diag.setLogger({ error: report, warn: silent, info: silent, debug: silent, verbose: silent });
    provider.answer = json({});
    for (let times = 0; times < 3; times += 1) {
      const tracer = {
        startSpan(): never {
          throw new SyntaxError("secret content");
        },
        startActiveSpan(): never {
          throw new SyntaxError("secret content");
        },
      };
      await outcome(wrapFetch(fetch, { tracer }));
    }
    expect(reports.length).toBe(1);
    expect(reports[0]).toContain("SyntaxError");
    expect(reports[0]).not.toContain("secret");
  });
});

test("an answer that nobody reads has a span once it is gone", async () => {
  provider.answer = stream(EVENTS.map(sse));
  const spans = recordSpans();
  const observed = wrapFetch(fetch, { tracer: spans.tracer });
  const body = JSON.stringify({ model: "m", messages: [], stream: true });
  await observed(`${provider.url}/v1/chat/completions`, { method: "POST", body });
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  await expect
    .poll(() => {
      collectGarbage();
      return spans.all().length;
    })
    .toBe(1);
  expect(spans.all()[0]?.attributes["lensai.observation.problem"]).toBe("body_not_read");
});

describe("the global fetch", () => {
  test("is observed once however often it is instrumented, and put back", async () => {
    const original = globalThis.fetch;
    const spans = recordSpans();
    const restore = instrumentFetch({ tracer: spans.tracer });
    const again = instrumentFetch({ tracer: spans.tracer });
    provider.answer = json({ usage: USAGE });
    await outcome(globalThis.fetch);
    expect(globalThis.fetch.name).toBe(original.name);
    expect(globalThis.fetch.length).toBe(original.length);
    again();
    expect(globalThis.fetch).not.toBe(original);
    restore();
    expect(globalThis.fetch).toBe(original);
    expect(spans.all().length).toBe(1);
  });

  test("stays as it is when somebody else has replaced it since", () => {
    const original = globalThis.fetch;
    const restore = instrumentFetch();
    const other: typeof fetch = (...args) => original(...args);
    globalThis.fetch = other;
    restore();
    expect(globalThis.fetch).toBe(other);
    globalThis.fetch = original;
  });
});
