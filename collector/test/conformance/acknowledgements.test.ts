import { once } from "node:events";
import http from "node:http";
import type { ProcessReport } from "@lensai/otel-config/control/acknowledgements";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/control/index-snapshot.ts";
import type { SnapshotSections } from "../control/snapshot-server.ts";
import { JSON_TYPE, startCollector, statusOf } from "./harness.ts";
import type { TestCollector, TestResponse } from "./harness.ts";

const keyOf = (id: string, origins: string[] = []) => ({
  id,
  sha256: sha256Hex(id),
  projectId: "shop",
  scopes: ["ingest" as const],
  origins,
  revoked: false,
});

const sections = {
  projects: [{ id: "shop", name: "Shop", content: "redacted" }],
  keys: [keyOf("shop"), keyOf("browser", ["https://shop.example"])],
} satisfies SnapshotSections;

let target: TestCollector;
const open: http.ClientRequest[] = [];

beforeEach(async () => {
  target = await startCollector({ sections });
});
afterEach(async () => {
  for (const request of open.splice(0)) request.destroy();
  await target.stop();
});

const acknowledgement = {
  instanceId: "one",
  serviceName: "checkout",
  version: 1,
  heldMs: 5,
  runningMs: 900,
};

const acknowledge = (changes: object = {}, key = "shop"): Promise<TestResponse> =>
  target.send({
    path: "/v1/control/acknowledgements",
    headers: { "x-api-key": key, ...JSON_TYPE },
    body: JSON.stringify({ ...acknowledgement, ...changes }),
  });

async function connect(instanceId: string): Promise<http.ClientRequest> {
  const request = http.get({
    port: target.collector.httpPort,
    host: "127.0.0.1",
    path: "/v1/control",
    headers: {
      accept: "text/event-stream",
      "x-api-key": "shop",
      "lensai-instance-id": instanceId,
      "lensai-service-name": "caf%C3%A9",
    },
  });
  open.push(request);
  request.on("error", () => undefined);
  await once(request, "response");
  return request;
}

/** What the console knows of each process by now. */
function known(): Record<string, ProcessReport> {
  const all: Record<string, ProcessReport> = {};
  for (const { replacesEarlier, processes } of target.console?.batches ?? []) {
    if (replacesEarlier) for (const id of Object.keys(all)) delete all[id];
    for (const process of processes) all[process.instanceId] = process;
  }
  return all;
}

describe("the console is told", () => {
  test("which processes are connected, what they acknowledge, and that they have gone", async () => {
    const request = await connect("one");
    await expect.poll(known).toMatchObject({
      one: { projectId: "shop", serviceName: "café", version: 0, isConnected: true },
    });
    expect((await acknowledge()).status).toBe(204);
    await expect
      .poll(known)
      .toMatchObject({ one: { kind: "guard", version: 1, isConnected: true } });
    expect(known()["one"]?.heldMs).toBeGreaterThanOrEqual(5);
    expect(known()["one"]?.runningMs).toBeGreaterThanOrEqual(900);
    request.destroy();
    await expect.poll(known).toMatchObject({ one: { version: 1, isConnected: false } });
  });

  test("everything again, when it comes back", async () => {
    await connect("one");
    await acknowledge();
    await expect.poll(known).toMatchObject({ one: { version: 1 } });
    const before = target.console?.batches.length ?? 0;
    target.console?.endStreams();
    const later = () => target.console?.batches.slice(before) ?? [];
    await expect.poll(later).toContainEqual(
      expect.objectContaining({
        replacesEarlier: true,
        processes: [expect.objectContaining({ instanceId: "one", version: 1 })],
      }),
    );
  });

  test("who asks without a guard, as one for each key, address and program", async () => {
    const headers = { "x-api-key": "shop", "user-agent": "curl/8.5" };
    for (let count = 0; count < 3; count += 1) {
      await target.send({ method: "GET", path: "/v1/control", headers });
    }
    await expect
      .poll(() => Object.values(known()))
      .toMatchObject([{ serviceName: "curl/8.5", kind: "poller", version: 1, isConnected: true }]);
  });
});

describe("an acknowledgement", () => {
  test.each([
    [{ instanceId: "" }, "instanceId is not"],
    [{ instanceId: "a b" }, "instanceId is not"],
    [{ version: 1.5 }, "version is not a whole number"],
    [{ heldMs: -1 }, "heldMs is not a number of milliseconds"],
    [{ runningMs: null }, "runningMs is not a number of milliseconds"],
  ])("with %o is refused", async (changes, problem) => {
    const response = await acknowledge(changes);
    expect(response.status).toBe(400);
    expect(statusOf(response)["message"]).toContain(problem);
  });

  test.each([
    ["an unknown key", "nobody", 401],
    ["a browser key", "browser", 403],
  ])("with %s is refused", async (_, key, status) => {
    expect((await acknowledge({}, key)).status).toBe(status);
  });

  test("is sent with POST, as JSON, and is short", async () => {
    const path = "/v1/control/acknowledgements";
    const headers = { "x-api-key": "shop" };
    expect((await target.send({ method: "GET", path, headers })).status).toBe(405);
    expect((await target.send({ path, headers, body: "{" })).status).toBe(400);
    expect((await acknowledge({ more: "x".repeat(5000) })).status).toBe(413);
  });
});
