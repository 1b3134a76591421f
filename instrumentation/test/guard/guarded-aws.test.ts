import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { BudgetExceededError, KillSwitchError } from "../../src/guard/refusal.ts";
import { instrumentHttp2 } from "../../src/http2/instrument-http2.ts";
import { eventStreamMessage } from "../support/event-stream.ts";
import { IN_THE_MONTH_MS, budgetTerms, killSwitch, policyWith } from "../support/policies.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";

/** Of a token of output. */
const OUTPUT_NANO = 1_250;
const ASKED = {
  modelId: "anthropic.claude-3-haiku-20240307-v1:0",
  messages: [{ role: "user" as const, content: [{ text: "Hi" }] }],
  inferenceConfig: { maxTokens: 4_000 },
};

let provider: ProviderServer;
let spans: RecordedSpans;
let guard: Guard;
let stop: () => void;
let client: BedrockRuntimeClient;
beforeEach(async () => {
  provider = await startProviderServer({ speaksHttp2: true });
  spans = recordSpans();
  guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
  stop = instrumentHttp2(new CallObserver(spans.tracer, guard));
  client = new BedrockRuntimeClient({
    region: "eu-west-1",
    endpoint: provider.url,
    credentials: { accessKeyId: "id", secretAccessKey: "none" },
    maxAttempts: 4,
  });
});
afterEach(async () => {
  client.destroy();
  stop();
  await provider.stop();
});

const limitTo = (tokens: number): void =>
  guard.apply(
    policyWith({
      budgets: [budgetTerms({ limitNanoUsd: String(tokens * OUTPUT_NANO), clamp: true })],
    }),
  );

const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

/** As it is by default: it speaks HTTP/2. */
describe("AWS's SDK", () => {
  describe.each([
    ["converses", () => client.send(new ConverseCommand(ASKED))],
    ["streams", () => client.send(new ConverseStreamCommand(ASKED))],
  ])("when it %s", (_, call) => {
    test("asks once, sends nothing of a call that is over its budget, and says so", async () => {
      // Enough for a smaller call: but the request is signed.
      limitTo(2_000);
      const error = await errorOf(call());
      expect(error).toMatchObject({ $metadata: { attempts: 1, httpStatusCode: 402 } });
      expect(refusalOf(error)).toBeInstanceOf(BudgetExceededError);
      expect(provider.requests).toEqual([]);
      expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("refused");
      expect(spans.all()).toHaveLength(1);
    });

    test("asks once and sends nothing of a call that is switched off", async () => {
      guard.apply(policyWith({ killSwitches: [killSwitch()] }));
      const error = await errorOf(call());
      expect(error).toMatchObject({ $metadata: { attempts: 1, httpStatusCode: 403 } });
      expect(refusalOf(error)).toBeInstanceOf(KillSwitchError);
      expect(provider.requests).toEqual([]);
    });
  });

  test("goes on with the same client when there is room again", async () => {
    limitTo(1);
    await errorOf(client.send(new ConverseCommand(ASKED)));
    limitTo(100_000);
    const message = { role: "assistant" as const, content: [{ text: "Hello" }] };
    const usage = { inputTokens: 3, outputTokens: 9, totalTokens: 12 };
    provider.answer = json({ output: { message }, stopReason: "end_turn", usage });
    const { output } = await client.send(new ConverseCommand(ASKED));
    expect(output?.message).toEqual(message);
    expect(provider.requests).toHaveLength(1);
    expect((await spans.last(2)).attributes["lensai.budget.decision"]).toBe("allowed");
  });

  test("gets the guard's error where a stream is cut off", async () => {
    limitTo(4_100);
    const delta = eventStreamMessage(
      {
        ":message-type": "event",
        ":event-type": "contentBlockDelta",
        ":content-type": "application/json",
      },
      { contentBlockIndex: 0, delta: { text: "a few words of an answer ".repeat(40) } },
    );
    let hasLeft = false;
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      response.on("close", () => {
        hasLeft = true;
      });
      const write = (): void => {
        if (hasLeft) return;
        response.write(delta);
        setImmediate(write);
      };
      write();
    };
    const { stream } = await client.send(new ConverseStreamCommand(ASKED));
    let deltas = 0;
    const reading = async (): Promise<void> => {
      for await (const each of stream ?? []) if (each.contentBlockDelta) deltas += 1;
    };
    expect(refusalOf(await errorOf(reading()))).toBeInstanceOf(BudgetExceededError);
    expect(deltas).toBeGreaterThan(1);
    expect(deltas).toBeLessThan(30);
    await expect.poll(() => hasLeft).toBe(true);
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("cut_off");
  });
});
