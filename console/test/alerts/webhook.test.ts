import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Delivery } from "#lib/server/alerts/delivery.ts";
import { createWebhookSender } from "#lib/server/alerts/webhook/send.ts";
import { isPublicAddress } from "#lib/server/http/public-address.ts";
import { startLocalReceiver, type LocalReceiver } from "../support/local-receiver.ts";

const SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const URL_OF_ALERT = "http://localhost:3000/projects/shop/control";
let receiver: LocalReceiver;

beforeAll(async () => {
  receiver = await startLocalReceiver(() => ({ status: 204 }));
});
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.answer = () => ({ status: 204 });
});
afterAll(() => receiver.stop());

function delivery(url: string): Delivery {
  return {
    event: {
      id: "alert_1",
      severity: "critical",
      occurredAt: new Date("2026-11-29T12:00:00Z"),
      projectId: "shop",
      projectName: "Shop",
      kind: "kill_switch.triggered",
      details: { killSwitchId: "kill_1", scope: {}, reason: "an agent loops", actor: "ann" },
    },
    channel: {
      id: "chan_1",
      name: "pager",
      config: { type: "webhook", origin: new URL(url).origin },
      secret: { url, webhookSecret: SECRET },
    },
    mayHaveArrived: false,
  };
}

const send = (url: string, mayBePrivate = true) =>
  createWebhookSender({
    now: () => new Date(),
    urlOf: () => URL_OF_ALERT,
    mayBePrivate,
    timeoutMs: 300,
  })(delivery(url), new AbortController().signal);

test("the published library of the standard verifies what is sent, and refuses what was changed", async () => {
  expect(await send(`${receiver.url}/hook?team=1`)).toEqual({ outcome: "delivered" });
  const [request] = receiver.requests;
  if (request === undefined) throw new Error("nothing arrived");
  const headers = request.headers as Record<string, string>;
  expect(request.path).toBe("/hook?team=1");
  expect(headers["content-type"]).toBe("application/json");
  expect(headers["webhook-id"]).toBe("alert_1");
  const webhook = new Webhook(SECRET);
  expect(webhook.verify(request.body, headers)).toEqual({
    formatVersion: 1,
    id: "alert_1",
    kind: "kill_switch.triggered",
    severity: "critical",
    projectId: "shop",
    occurredAt: "2026-11-29T12:00:00.000Z",
    title: "Calls are stopped",
    text: expect.stringContaining("Every call of the project") as string,
    url: URL_OF_ALERT,
    details: { killSwitchId: "kill_1", scope: {}, reason: "an agent loops", actor: "ann" },
  });
  expect(() => webhook.verify(request.body.replace("ann", "eve"), headers)).toThrow(/signature/);
  const other = new Webhook(`whsec_${Buffer.alloc(32, 4).toString("base64")}`);
  expect(() => other.verify(request.body, headers)).toThrow(/signature/);
});

test("the example of the documentation verifies what is sent, and refuses everything else", async () => {
  const page = readFileSync(join(import.meta.dirname, "../../content/docs/alerts.md"), "utf8");
  const [, code = ""] = /```js\n([^]*?)```/.exec(page) ?? [];
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  const { verifyAlert } = (await import(/* @vite-ignore */ module)) as {
    verifyAlert: (headers: object, body: string, secret: string) => { id: string };
  };
  await send(receiver.url);
  const { headers, body } = receiver.requests[0] ?? { headers: {}, body: "" };
  expect(verifyAlert(headers, body, SECRET).id).toBe("alert_1");
  expect(() => verifyAlert(headers, `${body} `, SECRET)).toThrow(/not from LensAI/);
  expect(() => verifyAlert(headers, body, `whsec_${"A".repeat(43)}=`)).toThrow(/not from LensAI/);
  const old = { ...headers, "webhook-timestamp": "1700000000" };
  expect(() => verifyAlert(old, body, SECRET)).toThrow(/too old/);
  expect(() => verifyAlert({}, body, SECRET)).toThrow(/too old/);
});

test.each([
  [500, { outcome: "failed", mayHaveArrived: true, isReceiverDown: false }],
  [410, { outcome: "failed", mayHaveArrived: true, isReceiverDown: false }],
  [503, { outcome: "failed", isReceiverDown: true, retryAfterMs: 7000 }],
  [429, { outcome: "failed", isReceiverDown: true, retryAfterMs: 7000 }],
])("a %i is a failure", async (status, expected) => {
  receiver.answer = () => ({ status, headers: { "retry-after": "7" } });
  expect(await send(receiver.url)).toMatchObject(expected);
});

test("a redirect is not followed", async () => {
  receiver.answer = () => ({ status: 302, headers: { location: `${receiver.url}/inner` } });
  expect(await send(receiver.url)).toMatchObject({
    reason: "the receiver answers with status 302",
  });
  expect(receiver.requests).toHaveLength(1);
});

test("silence, a cut connection and nobody there are told apart from what never left", async () => {
  receiver.answer = () => "silence";
  expect(await send(receiver.url)).toMatchObject({ mayHaveArrived: true });
  receiver.answer = () => "cut";
  expect(await send(receiver.url)).toMatchObject({ mayHaveArrived: true });
  expect(await send("http://127.0.0.1:1/")).toMatchObject({ mayHaveArrived: false });
});

describe("without leave for private networks", () => {
  test.each([
    "http://example.com/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/",
    "https://localhost/",
  ])("nothing is sent to %s", async (url) => {
    const outcome = await send(url, false);
    expect(outcome).toMatchObject({ outcome: "failed", mayHaveArrived: false });
    expect(JSON.stringify(outcome)).toMatch(/private network|only https/);
  });

  test("a name is judged by the address that its connection would go to", async () => {
    const url = `https://localhost:${new URL(receiver.url).port}/`;
    expect(await send(url, false)).toMatchObject({ outcome: "failed", mayHaveArrived: false });
    expect(receiver.requests).toEqual([]);
  });
});

test.each([
  ["8.8.8.8", true],
  ["2606:4700::1111", true],
  ["10.1.2.3", false],
  ["100.64.0.1", false],
  ["172.31.255.255", false],
  ["172.32.0.1", true],
  ["192.168.1.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["::", false],
  ["::1", false],
  ["fe80::1", false],
  ["fd00::1", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:7f00:1", false],
  ["64:ff9b::7f00:1", false],
  ["2002:7f00:1::", false],
  ["ff02::1", false],
  ["no address", false],
])("%s is public: %s", (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
