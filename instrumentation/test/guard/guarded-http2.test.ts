import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { BudgetTerms } from "@lensai/otel-config/control/budgets";
import { H2CClient, request as undiciRequest } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { BudgetExceededError } from "../../src/guard/refusal.ts";
import { instrumentHttp2 } from "../../src/http2/instrument-http2.ts";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

const INPUT_NANO = 2_500;
const OUTPUT_NANO = 10_000;
const REQUEST = { model: "gpt-4o", max_tokens: 5_000, messages: [] };
const PATH = "/v1/chat/completions";
const ANSWER = { usage: { prompt_tokens: 10, completion_tokens: 5 }, choices: [] };

let provider: ProviderServer;
let spans: RecordedSpans;
let guard: Guard;
let session: ClientHttp2Session;
let restore: () => void;
beforeEach(async () => {
  provider = await startProviderServer({ speaksHttp2: true });
  provider.answer = json(ANSWER);
  spans = recordSpans();
  guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
  restore = instrumentHttp2(new CallObserver(spans.tracer, guard));
  session = connect(provider.url);
  session.on("error", () => {});
});
afterEach(async () => {
  session.destroy();
  restore();
  await provider.stop();
});

const limitTo = (limitNano: number, terms: Partial<BudgetTerms> = {}): void =>
  guard.apply(
    policyWith({ budgets: [budgetTerms({ limitNanoUsd: String(limitNano), ...terms })] }),
  );

const post = (headers: Record<string, string> = {}): ClientHttp2Stream =>
  session.request({ ":method": "POST", ":path": PATH, ...headers });

type AnswerHead = IncomingHttpHeaders & { ":status"?: number };

async function answerOf(sent: ClientHttp2Stream): Promise<{ head: AnswerHead; body: string }> {
  const [[head], body] = await Promise.all([
    once(sent, "response") as Promise<[AnswerHead]>,
    text(sent),
  ]);
  return { head, body };
}

const body = JSON.stringify(REQUEST);
const decision = async (): Promise<unknown> =>
  (await spans.last()).attributes["lensai.budget.decision"];

/** How many streams the server has seen: also those of which only a head came. */
async function streamsSeen(): Promise<number> {
  guard.apply(policyWith({}));
  const last = post();
  last.end(body);
  await once(last, "response");
  // Ids of a client's streams are odd.
  const { id = 0 } = last;
  return (id - 1) / 2;
}

describe("a refused request over HTTP/2", () => {
  const ways: Readonly<Record<string, (sent: ClientHttp2Stream) => void>> = {
    "with its body at the end": (sent) => void sent.end(body),
    "with its body before the end": (sent) => {
      sent.write(body);
      sent.end();
    },
    "in parts": (sent) => {
      sent.cork();
      sent.write(body.slice(0, 10));
      sent.write(Buffer.from(body.slice(10)));
      sent.uncork();
      process.nextTick(() => sent.end());
    },
  };

  describe.each([
    ["on a new session", false],
    ["on a connection that stands", true],
  ])("%s", (_, isConnected) => {
    test.each(Object.entries(ways))(
      "%s is answered, closes as others do, and not even its head is sent",
      async (__, send) => {
        if (isConnected) await once(session, "remoteSettings");
        limitTo(1);
        const sent = post();
        const seen: string[] = [];
        for (const name of ["finish", "response", "end", "aborted", "error", "close"])
          sent.on(name, () => seen.push(name));
        const closed = once(sent, "close");
        send(sent);
        const answer = await answerOf(sent);
        await closed;
        expect(seen.toSorted()).toEqual(["close", "end", "finish", "response"]);
        expect(seen.at(-1)).toBe("close");
        expect(answer.head[":status"]).toBe(402);
        expect(answer.head["x-should-retry"]).toBe("false");
        expect(refusalOf({ headers: answer.head })).toBeInstanceOf(BudgetExceededError);
        expect(refusalOf(JSON.parse(answer.body))).toBeInstanceOf(BudgetExceededError);
        expect(provider.requests).toEqual([]);
        expect(await decision()).toBe("refused");
        expect(await streamsSeen()).toBe(0);
      },
    );
  });

  test("lets its session close", async () => {
    limitTo(1);
    const sent = post();
    sent.end(body);
    const answered = answerOf(sent);
    session.close();
    expect((await answered).head[":status"]).toBe(402);
    await once(session, "close");
    expect(provider.requests).toEqual([]);
  });

  test("can be left before its answer is there", async () => {
    limitTo(1);
    const sent = post();
    sent.end(body);
    await new Promise<void>((closed) => {
      sent.close(8, closed);
    });
    expect(provider.requests).toEqual([]);
  });

  test("of undici is answered as well", async () => {
    limitTo(1);
    const dispatcher = new H2CClient(provider.url);
    const answer = await undiciRequest(`${provider.url}${PATH}`, {
      method: "POST",
      body,
      dispatcher,
    });
    expect(answer.statusCode).toBe(402);
    expect(refusalOf(await answer.body.json())).toBeInstanceOf(BudgetExceededError);
    expect(provider.requests).toEqual([]);
    await dispatcher.close();
  });
});

describe("under a budget with room", () => {
  test.each([
    ["at once", (sent: ClientHttp2Stream) => void sent.end(body)],
    ["later", (sent: ClientHttp2Stream) => void setTimeout(() => sent.end(body), 5)],
    [
      "once it is ready",
      (sent: ClientHttp2Stream) =>
        void (sent.pending ? sent.once("ready", () => sent.end(body)) : sent.end(body)),
    ],
  ])("a request that is ended %s is sent as it is", async (_, send) => {
    await once(session, "remoteSettings");
    limitTo(1_000_000 * OUTPUT_NANO);
    const sent = post();
    send(sent);
    expect((await answerOf(sent)).body).toBe(JSON.stringify(ANSWER));
    expect(provider.requests.map((seen) => seen.body)).toEqual([body]);
    expect(await decision()).toBe("allowed");
  });

  test("a body that waits for the connection to take it is sent whole", async () => {
    limitTo(1_000_000 * OUTPUT_NANO);
    const content = "a few words ".repeat(30_000);
    const long = JSON.stringify({ ...REQUEST, messages: [{ role: "user", content }] });
    const sent = post();
    Readable.from(long.match(/.{1,9999}/gs) ?? []).pipe(sent);
    expect((await answerOf(sent)).head[":status"]).toBe(200);
    expect(provider.requests[0]?.body).toBe(long);
  });

  test("many requests wait for one connection, and other paths are not held", async () => {
    limitTo(1_000_000 * OUTPUT_NANO);
    const all = Array.from({ length: 20 }, () => post());
    const other = session.request({ ":method": "POST", ":path": "/other" });
    for (const sent of all) sent.end(body);
    other.end();
    await Promise.all([...all, other].map((sent) => answerOf(sent)));
    expect(session.listenerCount("connect")).toBe(0);
    expect(provider.requests).toHaveLength(21);
  });
});

test("a request that was not ended in the turn that made it is sent, and marked as warned of", async () => {
  limitTo(1);
  const sent = post();
  // Its headers are on their way by then, however long the connection took.
  sent.once("ready", () => setImmediate(() => sent.end(body)));
  expect((await answerOf(sent)).head[":status"]).toBe(200);
  expect(await decision()).toBe("warned");
});

test("a clamped request over HTTP/2 is sent with the lower limit", async () => {
  limitTo(700 * OUTPUT_NANO, { clamp: true });
  const sent = post();
  sent.end(body);
  expect((await answerOf(sent)).head[":status"]).toBe(200);
  const [seen] = provider.requests;
  expect((JSON.parse(seen?.body ?? "") as { max_tokens: number }).max_tokens).toBeLessThan(700);
});

test.each([
  ["is signed", { authorization: "AWS4-HMAC-SHA256 Credential=x" }],
  ["has told its length", { "content-length": String(body.length) }],
])("a request that %s is refused, not clamped", async (_, headers) => {
  limitTo(700 * OUTPUT_NANO, { clamp: true });
  const sent = post(headers);
  sent.end(body);
  expect((await answerOf(sent)).head[":status"]).toBe(402);
  expect(provider.requests).toEqual([]);
});

test("a metered stream over HTTP/2 ends where the money does, with the guard's error", async () => {
  limitTo(3_000 * OUTPUT_NANO);
  const chunk = sse({
    choices: [{ index: 0, delta: { content: "a few words of an answer ".repeat(40) } }],
  });
  let hasLeft = false;
  provider.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("close", () => {
      hasLeft = true;
    });
    const write = (): void => {
      if (hasLeft) return;
      response.write(chunk);
      setImmediate(write);
    };
    write();
  };
  const sent = post();
  sent.end(JSON.stringify({ ...REQUEST, stream: true, max_tokens: 100_000 }));
  let read = "";
  sent.on("data", (bytes: Buffer) => {
    read += bytes.toString();
  });
  const [error] = (await once(sent, "error")) as [Error];
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect(read).toContain("words");
  expect(read.split("words").length * 6).toBeLessThanOrEqual(3_000);
  await expect.poll(() => hasLeft).toBe(true);
  expect(await decision()).toBe("cut_off");
  // The session goes on.
  expect(session.destroyed).toBe(false);
});

test("a stream over HTTP/2 that is cut off is charged by the provider's count, if that had come", async () => {
  limitTo(2_600 * OUTPUT_NANO);
  const words = "a few words of an answer ".repeat(8);
  const part = sse({ choices: [{ index: 0, delta: { content: words } }] });
  const usage = { prompt_tokens: 10, completion_tokens: 1_000 };
  const end = sse({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  // Two frames: the first one is too much, the second one is there when that is found.
  const rest = [part, end, sse({ choices: [], usage }), sse("[DONE]")];
  provider.answer = stream([part.repeat(23), rest.join("")]);
  const sent = post();
  sent.end(JSON.stringify({ ...REQUEST, stream: true, max_tokens: 9_000 }));
  sent.resume();
  const [error] = (await once(sent, "error")) as [Error];
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect((await spans.last()).attributes).toMatchObject({
    "lensai.budget.decision": "cut_off",
    "gen_ai.usage.output_tokens": 1_000,
    "lensai.budget.charged_nano_usd": 10 * INPUT_NANO + 1_000 * OUTPUT_NANO,
  });
});
