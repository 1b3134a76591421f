import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ControlBudget } from "@lensai/otel-config/control/budgets";
import type { ControlKey } from "@lensai/otel-config/control/keys";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secretOf, signedHeaders } from "../admission/sign.ts";
import { sha256Hex } from "../../src/control/index-snapshot.ts";
import type { SnapshotSections } from "../control/snapshot-server.ts";
import { WatchedPriceBook } from "../../src/prices/watched-price-book.ts";
import { until } from "../landing/test-folder.ts";
import { KEY, startCollector, statusOf } from "./harness.ts";
import type { TestCollector, TestResponse } from "./harness.ts";

const ISSUED_AT = "2026-11-24T00:00:00.000Z";

const keyOf = (key: string, more: Partial<ControlKey> = {}): ControlKey => ({
  id: `key_${key}`,
  sha256: sha256Hex(key),
  projectId: "shop",
  scopes: ["ingest"],
  origins: [],
  revoked: false,
  ...more,
});

const budgetOf = (projectId: string): ControlBudget => ({
  id: `bud_${projectId}`,
  projectId,
  name: `all of ${projectId}`,
  scope: {},
  limitNanoUsd: "5000000000",
  mode: "enforce",
  failMode: "closed",
  unknownPrice: "block",
  clamp: false,
  periodStartsAt: ISSUED_AT,
});

const killSwitchOf = (projectId: string) => ({
  id: `kill_${projectId}`,
  projectId,
  scope: { model: "gpt-5*" },
  reason: `a loop in ${projectId}`,
  triggeredAt: ISSUED_AT,
});

const secret = secretOf("sig_shop", "shop");

const sections = {
  issuedAt: ISSUED_AT,
  projects: [
    { id: "shop", name: "Shop", content: "redacted", requireSignature: true },
    { id: "bank", name: "Bank", content: "redacted" },
  ],
  keys: [
    keyOf("shop"),
    keyOf("bank", { projectId: "bank", scopes: ["control"] }),
    keyOf("reader", { scopes: ["read"] }),
    keyOf("browser", { origins: ["https://shop.example"] }),
  ],
  signingSecrets: [secret],
  budgets: [budgetOf("shop"), budgetOf("bank"), budgetOf("default")],
  killSwitches: [killSwitchOf("bank")],
} satisfies SnapshotSections;

let target: TestCollector;

beforeEach(async () => {
  target = await startCollector({ sections });
});
afterEach(() => target.stop());

const ask = (headers: Record<string, string> = {}): Promise<TestResponse> =>
  target.send({ method: "GET", path: "/v1/control", headers });

const codeOf = (response: TestResponse): string | undefined =>
  (statusOf(response)["details"] as { reason: string }[])[0]?.reason;

describe("the policy", () => {
  test("is the part of the snapshot that concerns the key's project, and nothing else of it", async () => {
    const response = await ask({ "x-api-key": "bank" });
    expect(response.status).toBe(200);
    expect(response.headers["content-type"]).toMatch("application/json");
    const { projectId: _, ...terms } = budgetOf("bank");
    const { projectId: __, ...killSwitch } = killSwitchOf("bank");
    expect(parseControlPolicy(response.json())).toEqual({
      formatVersion: 1,
      version: 1,
      issuedAt: ISSUED_AT,
      budgets: [terms],
      killSwitches: [killSwitch],
    });
    expect(response.body.toString()).not.toMatch(/shop|default|sha256|secret/);
  });

  test.each([
    ["a key of the scope control", { "x-api-key": "bank" }, "bud_bank"],
    [
      "a key that sends, though its project wants signed exports",
      { "x-api-key": "shop" },
      "bud_shop",
    ],
    ["nobody, on this machine", {}, "bud_default"],
    ["the bootstrap key", { authorization: `Bearer ${KEY}` }, "bud_default"],
  ])("is read by %s", async (_, headers, budgetId) => {
    const policy = parseControlPolicy((await ask(headers)).json());
    expect(policy.budgets.map(({ id }) => id)).toEqual([budgetId]);
  });

  test("is read with a signature, once", async () => {
    const options = { method: "GET", path: "/v1/control", contentType: "application/json" };
    const headers = signedHeaders({ secret, body: "", ...options });
    const response = await ask(headers);
    expect([response.status, response.json()]).toMatchObject([
      200,
      { budgets: [{ id: "bud_shop" }] },
    ]);
    expect(codeOf(await ask(headers))).toBe("auth.signature_replayed");
  });

  test.each([
    ["an unknown key", { "x-api-key": "nobody" }, 401, "auth.key_invalid"],
    ["a key that only reads", { "x-api-key": "reader" }, 403, "auth.scope_missing"],
    [
      "a browser key",
      { "x-api-key": "browser", origin: "https://shop.example" },
      403,
      "auth.scope_missing",
    ],
    ["a page of another origin", { origin: "https://evil.example" }, 403, "auth.origin_refused"],
    [
      "a name that was pointed at this machine",
      { host: "evil.example" },
      403,
      "ingest.host_refused",
    ],
    [
      "the key of another project than the one it names",
      { "x-api-key": "bank", "x-lensai-project": "shop" },
      403,
      "auth.scope_missing",
    ],
  ] as const)("is not for %s", async (_, headers, ...statusAndCode) => {
    const response = await ask(headers);
    expect([response.status, codeOf(response)]).toEqual(statusAndCode);
  });

  test("is refused to a key from the moment that it is revoked", async () => {
    await target.publish({ ...sections, keys: [keyOf("shop", { revoked: true })] });
    const response = await ask({ "x-api-key": "shop" });
    expect([response.status, codeOf(response)]).toEqual([403, "auth.key_revoked"]);
  });

  test("is read with GET only", async () => {
    const response = await target.send({ path: "/v1/control", body: "{}" });
    expect([response.status, response.headers["allow"]]).toEqual([405, "GET"]);
  });

  test("of a collector without a console has no budgets, no switches and no age", async () => {
    const alone = await startCollector();
    const response = await alone.send({ method: "GET", path: "/v1/control" });
    expect(parseControlPolicy(response.json())).toMatchObject({
      version: 0,
      budgets: [],
      killSwitches: [],
    });
    expect(response.headers["age"]).toBeUndefined();
    await alone.stop();
  });
});

describe("polling", () => {
  test("an unchanged policy is 304 without a body, by weak comparison", async () => {
    const { headers } = await ask();
    expect(headers).toMatchObject({ "cache-control": "no-cache", age: "0" });
    const etag = headers["etag"] ?? "";
    for (const tag of [etag, `W/${etag}`, `"0", ${etag}`, "*"]) {
      const response = await ask({ "if-none-match": tag });
      expect([response.status, response.headers["etag"], response.body.length]).toEqual([
        304,
        etag,
        0,
      ]);
    }
    expect((await ask({ "if-none-match": '"2"' })).status).toBe(200);
  });

  test("a changed one is 200 with another tag", async () => {
    const { headers } = await ask();
    await target.publish({ ...sections, killSwitches: [killSwitchOf("default")] });
    const response = await ask({ "if-none-match": String(headers["etag"]) });
    expect(response.status).toBe(200);
    expect(response.headers["etag"]).not.toBe(headers["etag"]);
    expect(response.json()).toMatchObject({ killSwitches: [{ id: "kill_default" }] });
  });

  test("a change of another project leaves the tag as it is", async () => {
    const { headers } = await ask();
    await target.publish({ ...sections, killSwitches: [] });
    expect((await ask()).headers["etag"]).toBe(headers["etag"]);
  });

  test("the age says how long the console has not confirmed it", async () => {
    let nowMs = Date.parse(ISSUED_AT);
    const old = await startCollector({ sections, nowMs: () => nowMs, config: {} });
    old.silenceConsole();
    nowMs += 90_500;
    const { headers } = await old.send({ method: "GET", path: "/v1/control" });
    expect(headers["age"]).toBe("90");
    await old.stop();
  });
});

test("a stream ends with its connection and is not cut into chunks: each event is one write", async () => {
  const stream = await openStream();
  await expect.poll(() => stream.events().length).toBe(1);
  expect(stream.headers).toMatchObject({ connection: "close" });
  expect(stream.headers["transfer-encoding"]).toBeUndefined();
  stream.close();
});

interface Stream {
  readonly status: number;
  /** Everything received so far. */
  readonly text: () => string;
  readonly headers: http.IncomingHttpHeaders;
  readonly events: () => { id: string; policy: unknown }[];
  readonly ended: Promise<unknown>;
  close(): void;
}

async function openStream(
  headers: Record<string, string> = {},
  { collector }: Pick<TestCollector, "collector"> = target,
): Promise<Stream> {
  const request = http.get({
    port: collector.httpPort,
    host: "127.0.0.1",
    path: "/v1/control",
    headers: { accept: "text/event-stream", ...headers },
  });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  response.on("data", (chunk: Buffer) => (text += chunk.toString()));
  response.on("error", () => undefined);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    events: () =>
      [...text.matchAll(/event: policy\nid: (\d+)\ndata: (.*)\n\n/g)].map(
        ([, id = "", data = ""]) => ({
          id,
          policy: JSON.parse(data) as unknown,
        }),
      ),
    ended: new Promise((resolve) => {
      response.on("close", resolve);
    }),
    close: () => request.destroy(),
  };
}

const streamCount = async (): Promise<number> => {
  const headers = { authorization: "Bearer control-token" };
  const stats = await target.send({ method: "GET", path: "/internal/stats", headers });
  return (stats.json()["control"] as { streams: number }).streams;
};

const entry = (more: object) => ({
  provider: "openai",
  model: "gpt-5",
  prices: { input_mtok: "1" },
  recordedAt: "2026-11-20T08:00:00.000Z",
  recordedBy: "ann",
  source: "contract 2026-114",
  ...more,
});

describe("prices of its own", () => {
  test("are in the policy of their project, and are pushed as their file changes", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "prices-"));
    const file = path.join(folder, "prices.json");
    const write = (entries: readonly object[]): Promise<void> =>
      writeFile(file, JSON.stringify({ formatVersion: 1, entries }));
    await write([entry({ project: "bank" })]);
    const log = { info: () => undefined, warn: () => undefined };
    const keptFolder = path.join(folder, "kept");
    const book = new WatchedPriceBook({ path: file, keptFolder, log, pollIntervalMs: 5 });
    await book.start();
    const priced = await startCollector({ sections, priceOverrides: book });
    const { headers, ...before } = await priced.send({ method: "GET", path: "/v1/control" });
    expect(before.json()).not.toHaveProperty("prices");
    const stream = await openStream({}, priced);
    await expect.poll(stream.events).toHaveLength(1);
    await write([
      entry({ project: "bank" }),
      entry({ project: "default" }),
      entry({ model: "o3" }),
    ]);
    await expect.poll(stream.events).toHaveLength(2);
    expect(stream.events()[1]?.policy).toMatchObject({
      prices: {
        formatVersion: 1,
        entries: [{ project: "default", model: "gpt-5" }, { model: "o3" }],
      },
    });
    const after = await priced.send({ method: "GET", path: "/v1/control" });
    expect(after.headers["etag"]).not.toBe(headers["etag"]);
    expect(parseControlPolicy(after.json()).prices).toBeDefined();
    stream.close();
    await Promise.all([priced.stop(), book.stop()]);
    await rm(folder, { recursive: true });
  });
});

const priceOf = (project: string, inputPrice: number) => ({
  project,
  provider: "openai",
  model: "gpt-5",
  prices: { input_mtok: inputPrice },
  recordedAt: ISSUED_AT,
  recordedBy: "user:ann",
  source: "a contract",
});

const pricesOf = (inputPrice: number) => ({
  formatVersion: 1,
  entries: [priceOf("bank", 9), priceOf("default", inputPrice)],
});

test("prices that projects have set in the console come with the snapshot, and reach processes", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "lensai-prices-"));
  const log = { info: () => undefined, warn: () => undefined };
  const files = { path: path.join(folder, "prices.json"), keptFolder: path.join(folder, "kept") };
  const book = new WatchedPriceBook({ ...files, log });
  await book.start();
  const priced = await startCollector({
    sections: { ...sections, prices: pricesOf(1) },
    priceOverrides: book,
  });
  const inputOf = (): unknown =>
    book.resolve({ provider: "openai", model: "gpt-5", at: new Date(), projectId: "default" })
      .named?.["input_mtok"];
  await expect.poll(inputOf).toBe(1);
  await priced.publish({ ...sections, prices: pricesOf(2) });
  await expect.poll(inputOf).toBe(2);
  const policy = await priced.send({ method: "GET", path: "/v1/control" });
  expect(policy.json()).toMatchObject({
    prices: { entries: [{ project: "default", prices: { input_mtok: 2 } }] },
  });
  await Promise.all([priced.stop(), book.stop()]);
  await rm(folder, { recursive: true });
});

describe("the stream", () => {
  test("has the whole policy at once, and again at each change", async () => {
    const stream = await openStream({ "x-api-key": "bank" });
    await until(() => stream.events().length === 1);
    await target.publish({ ...sections, killSwitches: [] });
    await until(() => stream.events().length === 2);
    expect(stream.events()).toMatchObject([
      { id: "1", policy: { killSwitches: [{ id: "kill_bank" }] } },
      { id: "2", policy: { version: 2, killSwitches: [] } },
    ]);
    expect(stream.text()).not.toMatch(/shop|default/);
    stream.close();
    await until(async () => (await streamCount()) === 0);
  });

  test("ends when its key is revoked, without a word of the new policy", async () => {
    const stream = await openStream({ "x-api-key": "bank" });
    await until(() => stream.events().length === 1);
    await target.publish({
      ...sections,
      keys: [keyOf("bank", { projectId: "bank", revoked: true })],
    });
    await stream.ended;
    expect(stream.events()).toHaveLength(1);
  });

  test("that was signed goes on when its signature has become old, until its secret is gone", async () => {
    let nowMs = Date.parse(ISSUED_AT);
    const timed = await startCollector({ sections, nowMs: () => nowMs });
    const options = { secret, body: "", method: "GET", path: "/v1/control" };
    const signed = () =>
      signedHeaders({ ...options, contentType: "application/json", created: nowMs / 1000 });
    const headers = signed();
    const stream = await openStream(headers, timed);
    await expect.poll(stream.events).toHaveLength(1);
    nowMs += 3_600_000;
    await timed.publish({ ...sections, killSwitches: [killSwitchOf("shop")] });
    await expect.poll(stream.events).toHaveLength(2);
    expect((await openStream(headers, timed)).status).toBe(401);
    const later = await openStream(signed(), timed);
    await timed.publish({ ...sections, signingSecrets: [] });
    await Promise.all([stream.ended, later.ended]);
    expect(stream.events()).toHaveLength(2);
    expect(later.events()).toHaveLength(1);
    await timed.stop();
  });

  test("is refused to whoever the policy is", async () => {
    expect((await openStream({ "x-api-key": "nobody" })).status).toBe(401);
  });

  test("a stop ends all streams at once, and does not wait for them", async () => {
    const streams = await Promise.all(Array.from({ length: 50 }, () => openStream()));
    const startedMs = performance.now();
    await target.collector.stop();
    await Promise.all(streams.map(({ ended }) => ended));
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
