import { afterAll, beforeAll, expect, test } from "vitest";
import { secretOf, signedHeaders } from "../admission/sign.ts";
import { sha256Hex } from "../../src/control/index-snapshot.ts";
import { KEY, startCollector, statusOf } from "./harness.ts";
import type { TestCollector } from "./harness.ts";

const secret = secretOf("sig_shop", "shop");
const keyOf = (key: string, scope: "ingest" | "read", origins: string[] = []) => ({
  id: `key_${key}`,
  sha256: sha256Hex(key),
  projectId: "shop",
  scopes: [scope],
  origins,
  revoked: false,
});

let target: TestCollector;

beforeAll(async () => {
  target = await startCollector({
    sections: {
      projects: [{ id: "shop", name: "Shop", content: "redacted" }],
      keys: [
        keyOf("shop", "ingest"),
        keyOf("reader", "read"),
        keyOf("browser", "ingest", ["https://shop.example"]),
      ],
      signingSecrets: [secret],
    },
  });
  // From here on there is nobody to ask: what gets as far as the ledger is answered with 503.
  target.silenceConsole();
});
afterAll(() => target.stop());

const REQUEST = JSON.stringify({ instanceId: "instance-1", sequence: 1, leases: [] });
const UNAVAILABLE = 503;

const ask = async (headers: Record<string, string>, body = REQUEST, method = "POST") => {
  const response = await target.send({ method, path: "/v1/leases", headers, body });
  return { response, status: response.status };
};

test.each([
  ["a key that sends", { "x-api-key": "shop" }, UNAVAILABLE],
  ["nobody, on this machine", {}, UNAVAILABLE],
  ["the bootstrap key", { authorization: `Bearer ${KEY}` }, UNAVAILABLE],
  ["an unknown key", { "x-api-key": "nobody" }, 401],
  ["a key that only reads", { "x-api-key": "reader" }, 403],
  ["a browser's key", { "x-api-key": "browser", origin: "https://shop.example" }, 403],
])("the request of %s is answered with its status", async (_, headers, expected) => {
  expect((await ask(headers)).status).toBe(expected);
});

test("a signature stands for a key, once, and only over this body", async () => {
  const options = { method: "POST", path: "/v1/leases", contentType: "application/json" };
  const headers = signedHeaders({ secret, body: REQUEST, ...options });
  expect((await ask(headers)).status).toBe(UNAVAILABLE);
  expect((await ask(headers)).status).toBe(401);
  const other = signedHeaders({ secret, body: REQUEST, ...options });
  expect((await ask(other, REQUEST.replace("1", "2"))).status).toBe(401);
});

test.each([
  ["not JSON", "{", "it is not JSON"],
  ["another document", "[]", "not an object"],
  ["an id that is none", REQUEST.replace("instance-1", "x"), "request.instanceId is not an id"],
  [
    "too many leases",
    JSON.stringify({
      ...JSON.parse(REQUEST),
      leases: Array.from({ length: 257 }, () => ({
        leaseId: "instance-1.1",
        budgetId: "b",
        periodStartsAt: "2026-11-24T00:00:00.000Z",
        grantedNanoUsd: "0",
        spentNanoUsd: "0",
        reservedNanoUsd: "0",
        incurredNanoUsd: "0",
        uncertainNanoUsd: "0",
        needNanoUsd: "0",
        wantNanoUsd: "0",
        isFinal: false,
      })),
    }),
    "more than 256 entries",
  ],
])("%s is refused by its field", async (_, body, problem) => {
  const { response, status } = await ask({ "x-api-key": "shop" }, body);
  expect([status, statusOf(response)["message"]]).toEqual([
    400,
    expect.stringContaining(problem) as string,
  ]);
});

test("leases are asked for with POST, and the answer says when to come back", async () => {
  expect((await ask({}, "", "GET")).status).toBe(405);
  const { response } = await ask({ "x-api-key": "shop" });
  expect(response.headers["retry-after"]).toBe("1");
});
