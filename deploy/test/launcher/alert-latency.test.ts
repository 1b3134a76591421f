import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launched, type LaunchedStack } from "../support/launched-stack.ts";
import { ONE_CALL_NANO_USD, sendOneCall } from "../support/one-call.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** From the span that crosses a threshold to the message in Slack. */
const LATENCY_BAR_MS = 10_000;
/** The first start may have to build the console, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;

interface Posting {
  readonly text: string;
  readonly arrivedAtMs: number;
}

let folder: TemporaryFolder;
let slack: Server;
let stack: LaunchedStack;
const postings: Posting[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  slack = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const text = new URLSearchParams(body).get("text") ?? "";
      postings.push({ text, arrivedAtMs: Date.now() });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ok: true, ts: `${postings.length}.000100` }));
    });
  });
  await new Promise<void>((resolve) => slack.listen(0, "127.0.0.1", resolve));
  const { port } = slack.address() as AddressInfo;
  const settings = { LENSAI_SLACK_API_URL: `http://127.0.0.1:${port}/api/` };
  stack = await launched(join(folder.path, "data"), settings);
}, TIMEOUT_MS);
afterAll(async () => {
  await stack.stop();
  await new Promise((resolve) => slack.close(resolve));
  folder.remove();
});

async function post(path: string, body: object): Promise<void> {
  const answer = await fetch(`${stack.consoleUrl}/api/v1/projects/default/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

const told = (words: string): Promise<Posting> =>
  waitFor(`a message that says "${words}"`, () =>
    postings.find(({ text }) => text.includes(words)),
  );

it(`tells Slack of a crossed threshold within ${LATENCY_BAR_MS / 1000} s of the span that crosses it`, async () => {
  await post("alert-channels", {
    type: "slack",
    name: "on call",
    kinds: ["budget.threshold", "budget.exceeded"],
    minimumSeverity: "info",
    slackChannel: "C024BE91L",
    botToken: "xoxb-0000000000-secret",
  });
  const limitNanoUsd = String(2n * ONE_CALL_NANO_USD);
  await post("budgets", {
    name: "Everything",
    limitNanoUsd,
    thresholdsPercent: [50],
    period: { kind: "total", startsAt: "2026-01-01T00:00:00Z" },
  });

  const latencies: number[] = [];
  for (const words of ["50 % is spent", "all of it is spent"]) {
    const sentAtMs = Date.now();
    expect(await sendOneCall(stack.otlpHttpUrl)).toBe(200);
    latencies.push((await told(words)).arrivedAtMs - sentAtMs);
  }
  console.log(`from the span to Slack: ${latencies.map((ms) => `${ms} ms`).join(", ")}`);
  expect(Math.max(...latencies)).toBeLessThan(LATENCY_BAR_MS);
  expect(postings).toHaveLength(2);
});
