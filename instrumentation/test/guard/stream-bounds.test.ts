import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { expect, test, vi } from "vitest";
import type { AnswerObserver } from "../../src/calls/answer-observer.ts";
import { observedBody } from "../../src/fetch/observed-body.ts";
import { Estimator } from "../../src/guard/estimator.ts";
import { requestSizeOf } from "../../src/guard/request-size.ts";
import { StreamBounds } from "../../src/guard/stream-bounds.ts";
import type { WireCall } from "../../src/wire/recognise-call.ts";
import { createResponseFacts } from "../../src/wire/response-facts.ts";
import { callOf } from "../support/wire-call.ts";

/** gpt-4o: $10 per million. */
const OUTPUT_NANO = 10_000;
const STARTED_MS = Date.parse("2026-11-24T12:00:00Z");

/** A stream that is read, and what it is bounded by beyond its input; tokens. */
function readStream() {
  const body = { model: "gpt-4o", stream: true, messages: [] };
  const call = callOf("https://api.openai.com/v1/chat/completions", body) as WireCall;
  const estimator = new Estimator(createPriceBook());
  const time = { route: undefined, isMetered: true, nowMs: STARTED_MS };
  const estimate = estimator.estimate(call, requestSizeOf(call, body), time);
  const clock = { ms: STARTED_MS };
  const bounds = new StreamBounds({
    subject: { ...call, route: undefined, serviceTier: undefined },
    limits: { choices: 1, outputTokensMax: 10_000 },
    estimate,
    estimator,
    startedMs: STARTED_MS,
    nowMs: () => clock.ms,
  });
  const facts = createResponseFacts();
  bounds.read(facts);
  return {
    bounds,
    clock,
    facts,
    tokensAtMost: (): number =>
      ((bounds.nanoAtMost(facts) ?? 0) - (bounds.inputNano ?? 0)) / OUTPUT_NANO,
  };
}

test("a stream is bounded by what its provider puts out until it notices, and where nobody can know how far behind a reader is, in a second", () => {
  const { bounds, clock, facts, tokensAtMost } = readStream();
  clock.ms += 2_000;
  facts.outputTokensAtMost = 1_000;
  expect(tokensAtMost()).toBe(1_000 + 500);
  bounds.caughtUp(facts);
  expect(tokensAtMost()).toBe(1_000 + 150);
  facts.finishReasons[0] = "stop";
  expect(tokensAtMost()).toBe(1_000);
});

test("a reader that falls behind is taken to have unread what its provider writes meanwhile", () => {
  const { bounds, clock, facts, tokensAtMost } = readStream();
  clock.ms += 2_000;
  facts.outputTokensAtMost = 1_000;
  bounds.caughtUp(facts);
  clock.ms += 4_000;
  // At 500 tokens a second; what is read of it is no longer unread.
  expect(tokensAtMost()).toBe(1_000 + 2_000 + 128);
  facts.outputTokensAtMost = 2_500;
  expect(tokensAtMost()).toBe(2_500 + 500 + 128);
  bounds.caughtUp(facts);
  expect(tokensAtMost()).toBe(2_500 + 128);
});

test("what nobody reads on is bounded by what it was at that moment, whenever it is asked for", () => {
  const { bounds, clock, facts, tokensAtMost } = readStream();
  clock.ms += 2_000;
  facts.outputTokensAtMost = 1_000;
  bounds.caughtUp(facts);
  clock.ms += 1_000;
  bounds.ended();
  const tokens = tokensAtMost();
  expect(tokens).toBe(1_000 + 500 + 128);
  clock.ms += 4_000;
  expect(tokensAtMost()).toBe(tokens);
});

test("a part more is taken to be as large as the last one", () => {
  const { bounds, clock, facts } = readStream();
  const nextTokens = (): number =>
    ((bounds.nanoAfterNext(facts) ?? 0) - (bounds.nanoAtMost(facts) ?? 0)) / OUTPUT_NANO;
  for (const tokens of [300, 100]) {
    clock.ms += 1_000;
    facts.outputTokensAtMost += tokens;
    bounds.read(facts);
    expect(nextTokens()).toBe(tokens);
  }
});

test("a body tells that nothing more has come when a read finds nothing, and not while parts wait to be read", async () => {
  const told: number[] = [];
  let chunks = 0;
  const observer: AnswerObserver = {
    chunk: (chunk) => {
      chunks += 1;
      return chunk;
    },
    end: () => undefined,
    fail: vi.fn<() => void>(),
    cancel: vi.fn<() => void>(),
    caughtUp: () => told.push(chunks),
  };
  let source: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller;
      for (let parts = 0; parts < 3; parts += 1) controller.enqueue(new Uint8Array(1));
    },
  });
  const reader = observedBody(body, observer).getReader();
  for (let parts = 0; parts < 3; parts += 1) await reader.read();
  expect(told).toEqual([]);
  const fourth = reader.read();
  await expect.poll(() => told).toEqual([3]);
  source?.enqueue(new Uint8Array(1));
  await fourth;
  // Until that came, nothing had.
  expect(told).toEqual([3, 3]);
  expect(chunks).toBe(4);
});
