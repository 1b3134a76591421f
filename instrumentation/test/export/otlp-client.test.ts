import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNodeTransport } from "../../src/export/node-transport.ts";
import { OtlpClient } from "../../src/export/otlp-client.ts";
import type { OtlpClientOptions } from "../../src/export/otlp-client.ts";
import type { SigningKey } from "../../src/export/signing-keys.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { Answer, OtlpReceiver } from "../support/otlp-receiver.ts";
import { claimedBy, isSignedWith } from "../support/verify-export.ts";

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.stop());

const key = (keyId: string, fill: number): SigningKey => ({
  keyId,
  secret: new Uint8Array(32).fill(fill),
});
const OLD = key("sec_old", 1);
const NEW = key("sec_new", 2);
const NOW_MS = Date.parse("2026-05-04T12:00:00Z");

function clientWith(more: Partial<OtlpClientOptions> = {}): OtlpClient {
  let nonces = 0;
  return new OtlpClient({
    headers: {},
    keys: undefined,
    transport: createNodeTransport(),
    timeoutMs: 5000,
    now: () => NOW_MS,
    nonce: () => `nonce-for-the-test-${++nonces}`,
    ...more,
  });
}

const keys = (...all: readonly SigningKey[]): OtlpClientOptions["keys"] => ({
  read: () => Promise.resolve(all),
});
const body = { bytes: new Uint8Array([10, 0]), isGzip: false };
const post = (client: OtlpClient): ReturnType<OtlpClient["post"]> =>
  client.post(`${receiver.url}/v1/traces`, body);

/** Takes what is signed with one of these secrets at about `nowMs`, once per nonce. */
function verifying(accepted: readonly SigningKey[], nowMs = NOW_MS): Answer {
  const seen = new Set<string>();
  return (received, response) => {
    const claimed = claimedBy(received);
    const secret = accepted.find(({ keyId }) => keyId === claimed.keyId)?.secret;
    const isRight =
      secret !== undefined &&
      isSignedWith(secret, received) &&
      Math.abs(claimed.created - nowMs / 1000) <= 300 &&
      !seen.has(claimed.nonce);
    seen.add(claimed.nonce);
    if (isRight) taken(received, response);
    else response.writeHead(401, { date: new Date(nowMs).toUTCString() }).end();
  };
}

describe("one export", () => {
  test("without keys is sent with its headers and no signature", async () => {
    await post(clientWith({ headers: { "x-api-key": "key_1" } }));
    expect(receiver.requests).toMatchObject([
      { path: "/v1/traces", headers: { "x-api-key": "key_1" } },
    ]);
    expect(receiver.requests[0]?.headers["signature"]).toBeUndefined();
  });

  test("is signed so that the receiver can verify it, each time with another nonce", async () => {
    receiver.answer = verifying([OLD]);
    const client = clientWith({ keys: keys(OLD) });
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    expect(receiver.requests.length).toBe(2);
  });

  test("learns the receiver's clock when a signature is refused, and keeps to it", async () => {
    receiver.answer = verifying([OLD], NOW_MS + 3_600_000);
    const client = clientWith({ keys: keys(OLD) });
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    expect(receiver.requests.length).toBe(3);
  });

  test("is refused for good when a fresh signature is refused as well", async () => {
    receiver.answer = verifying([]);
    expect(await post(clientWith({ keys: keys(OLD) }))).toEqual({
      kind: "refused",
      errorType: "401",
    });
    expect(receiver.requests.length).toBe(2);
  });

  test("is signed with the other secret while secrets change, and with that one from then on", async () => {
    receiver.answer = verifying([NEW]);
    const client = clientWith({ keys: keys(OLD, NEW) });
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    const before = receiver.requests.length;
    expect(await post(client)).toMatchObject({ kind: "delivered" });
    expect(receiver.requests.length).toBe(before + 1);
  });

  test("waits rather than goes unsigned when there is no usable key", async () => {
    const broken = { read: () => Promise.reject(new Error("no such file")) };
    expect(await post(clientWith({ keys: broken }))).toMatchObject({ kind: "retryable" });
    expect(receiver.requests).toEqual([]);
  });
});

describe("a receiver that misbehaves", () => {
  test("does not answer: the attempt ends with its time", async () => {
    receiver.answer = () => {};
    expect(await post(clientWith({ timeoutMs: 50 }))).toMatchObject({
      kind: "retryable",
      errorType: "ETIMEDOUT",
    });
  });

  test("stops in the middle of its answer: the attempt ends with its time", async () => {
    receiver.answer = (_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("x");
    };
    expect(await post(clientWith({ timeoutMs: 50 }))).toMatchObject({ kind: "retryable" });
  });

  test("cuts the connection: the export is worth another try", async () => {
    receiver.answer = (_, response) => void response.destroy();
    expect(await post(clientWith())).toMatchObject({ kind: "retryable", errorType: "ECONNRESET" });
  });

  test("is not there: the export is worth another try", async () => {
    const outcome = await clientWith().post("http://127.0.0.1:9/v1/traces", body);
    expect(outcome).toMatchObject({ kind: "retryable", errorType: "ECONNREFUSED" });
  });

  test("answers without end: no more of it is read than an answer can have", async () => {
    let written = 0;
    receiver.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/x-protobuf" });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 16_384;
      };
      response.on("drain", more);
      more();
    };
    expect(await post(clientWith())).toEqual({ kind: "delivered", rejectedCount: 0 });
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  test("has a page for everybody: the export waits", async () => {
    receiver.answer = status(200, { "content-type": "text/html" }, "<html>");
    expect(await post(clientWith())).toMatchObject({ kind: "retryable", errorType: "not_otlp" });
  });
});
