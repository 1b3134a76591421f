import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sha256Hex } from "../../src/control/index-snapshot.ts";
import { decodeWithOracle } from "../receiver/otlp-arbitrary.ts";
import { sealed } from "../control/snapshot-server.ts";
import {
  JSON_TYPE,
  PROTOBUF,
  RecordingPipeline,
  readToEnd,
  readUntil,
  startCollector,
  tracesJson,
  tracesProtobuf,
} from "./harness.ts";
import type { TestCollector } from "./harness.ts";

const BODY_TIMEOUT_MS = 300;

const pipeline = new RecordingPipeline();
let target: TestCollector;

beforeAll(async () => {
  target = await startCollector({ config: { bodyTimeoutMs: BODY_TIMEOUT_MS }, pipeline });
});
afterAll(() => target.stop());

const rawRequest = (body: string, headers: readonly string[] = [], version = "1.1"): string =>
  [
    `POST /v1/traces HTTP/${version}`,
    "host: localhost",
    "content-type: application/json",
    `content-length: ${body.length}`,
    ...headers,
    "",
    body,
  ].join("\r\n");

const count = (text: string, part: string): number => text.split(part).length - 1;

describe("CORS", () => {
  const ORIGIN = "https://app.example.com";
  let browser: TestCollector;
  beforeAll(async () => {
    const rateLimits = { recordsPerSecond: 0, requestsPerSecond: 1 };
    browser = await startCollector({
      config: { corsOrigins: [ORIGIN], keylessIsAllowed: false, rateLimits },
    });
  });
  afterAll(() => browser.stop());

  const preflight = (origin: string) =>
    browser.send({
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,authorization",
      },
    });

  test("H25 a preflight of an allowed origin needs no key and names methods and headers", async () => {
    const { status, headers } = await preflight(ORIGIN);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "POST, OPTIONS",
      "access-control-max-age": "7200",
      vary: "Origin",
    });
    expect(headers["access-control-allow-headers"]).toMatch("content-encoding, authorization");
  });

  test("H26 a preflight of another origin gets 204 without permission", async () => {
    const { status, headers } = await preflight("https://other.example.com");
    expect(status).toBe(204);
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("H27 refusals carry the CORS headers too, and let the page read Retry-After", async () => {
    const key = { authorization: `Bearer lensai_conformance_key` };
    const request = { headers: { ...JSON_TYPE, ...key, origin: ORIGIN }, body: tracesJson() };
    let response = await browser.send(request);
    for (let sent = 0; response.status === 200 && sent < 100; sent += 1) {
      response = await browser.send(request);
    }
    expect(response.status).toBe(429);
    expect(response.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-expose-headers": "Retry-After",
    });
    const unauthorized = await browser.send({ headers: { ...JSON_TYPE, origin: ORIGIN } });
    expect(unauthorized.status).toBe(401);
    expect(unauthorized.headers["access-control-allow-origin"]).toBe(ORIGIN);
  });

  test("H26 without a key a page of an origin that is not allowed is refused with 403", async () => {
    const headers = { ...JSON_TYPE, origin: "https://other.example.com" };
    const response = await target.send({ headers, body: tracesJson() });
    expect(response.status).toBe(403);
  });
});

describe("a browser key", () => {
  const ORIGIN = "https://shop.example.com";
  const key = "browser-key-0123456789";
  let console: http.Server;
  let browser: TestCollector;
  beforeAll(async () => {
    const snapshot: ControlSnapshot = {
      formatVersion: 1,
      version: 1,
      issuedAt: "2026-01-01T00:00:00Z",
      projects: [{ id: "shop", name: "Shop", content: "off" }],
      keys: [
        {
          id: "k1",
          sha256: sha256Hex(key),
          projectId: "shop",
          scopes: ["ingest"],
          origins: [ORIGIN],
          revoked: false,
        },
      ],
    };
    console = http.createServer((_request, response) => response.end(sealed(snapshot)));
    await once(console.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(console.address() as AddressInfo).port}`;
    browser = await startCollector({ config: { control: { url, token: "t", intervalMs: 100 } } });
    await vi.waitFor(
      async () => {
        const headers = { authorization: "Bearer t" };
        const stats = await browser.send({ method: "GET", path: "/internal/stats", headers });
        const { control } = stats.json() as { control: { version: number } };
        if (control.version !== 1) throw new Error("the snapshot has not arrived");
      },
      { interval: 5, timeout: 30_000 },
    );
  });
  afterAll(async () => {
    await browser.stop();
    console.close();
  });

  test.each([
    ["its own origin", { origin: ORIGIN }, 200],
    ["another origin", { origin: "https://other.example.com" }, 403],
    ["no origin at all", {}, 403],
  ])("H25 from %s", async (_, origin, status) => {
    const headers: Record<string, string> = { ...JSON_TYPE, "x-lensai-key": key };
    const response = await browser.send({
      headers: Object.assign(headers, origin),
      body: tracesJson(),
    });
    expect(response.status).toBe(status);
    expect(response.headers["access-control-allow-origin"]).toBe(
      status === 200 ? ORIGIN : undefined,
    );
  });

  test("the counters are for holders of the control token", async () => {
    expect((await browser.send({ method: "GET", path: "/internal/stats" })).status).toBe(404);
  });
});

test("H61 100 requests in a row and 50 pipelined ones use one connection each", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number>();
  agent.on("free", (socket) => ports.add((socket as { localPort: number }).localPort));
  for (let sent = 0; sent < 100; sent += 1) {
    const response = await target.send({ headers: JSON_TYPE, body: tracesJson(), agent });
    expect(response.status).toBe(200);
  }
  expect(ports.size).toBe(1);
  agent.destroy();
  const socket = await target.connect();
  socket.write(rawRequest(tracesJson()).repeat(50));
  const answers = await readUntil(socket, (text) => count(text, "HTTP/1.1 200") === 50);
  expect(answers).not.toMatch("connection: close");
  socket.destroy();
});

test("H61 a refused request leaves the connection usable", async () => {
  const socket = await target.connect();
  socket.write(rawRequest("{") + rawRequest(tracesJson()));
  const answers = await readUntil(socket, (text) => text.includes("HTTP/1.1 200"));
  expect(answers).toMatch(/^HTTP\/1\.1 400 /);
  socket.destroy();
});

test("H62 a body that does not arrive in time is refused with 408 and its connection closed", async () => {
  const before = pipeline.requests.length;
  const socket = await target.connect();
  const slowly = rawRequest(" ".repeat(1000));
  socket.write(slowly.slice(0, -1000));
  const trickle = setInterval(() => socket.write(" "), BODY_TIMEOUT_MS / 10);
  // Who goes on writing to a closed connection loses what he has not read.
  socket.once("readable", () => clearInterval(trickle));
  expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408 [^]*connection: close[^]*"code":1/);
  expect(pipeline.requests).toHaveLength(before);
  expect(await bytesInFlight()).toBe(0);
});

async function bytesInFlight(): Promise<unknown> {
  const response = await target.send({ method: "GET", path: "/internal/stats" });
  return response.json()["bytesInFlight"];
}

test("H63 nothing of a request whose client went away reaches the pipeline, and its memory is freed", async () => {
  const before = pipeline.requests.length;
  const socket = await target.connect();
  socket.write(rawRequest(tracesJson()).slice(0, -10));
  await expect.poll(bytesInFlight, { interval: 5 }).not.toBe(0);
  socket.destroy();
  await expect.poll(bytesInFlight, { interval: 5 }).toBe(0);
  expect(pipeline.requests).toHaveLength(before);
});

describe("partial success", () => {
  const partial = new RecordingPipeline();
  let lossy: TestCollector;
  beforeAll(async () => {
    lossy = await startCollector({ pipeline: partial });
  });
  afterAll(() => lossy.stop());

  test("H35 rejected records are counted and explained in both encodings", async () => {
    partial.answer = () => ({ accepted: 3, rejected: 1, message: "1 span has no trace id" });
    const json = await lossy.send({ headers: JSON_TYPE, body: tracesJson() });
    const expected = { rejectedSpans: "1", errorMessage: "1 span has no trace id" };
    expect([json.status, json.json()]).toEqual([200, { partialSuccess: expected }]);
    const protobuf = await lossy.send({ headers: PROTOBUF, body: tracesProtobuf() });
    expect(decodeWithOracle("ExportTraceServiceResponse", protobuf.body)).toEqual({
      partialSuccess: expected,
    });
  });

  test.each([
    ["logs", "rejectedLogRecords"],
    ["metrics", "rejectedDataPoints"],
  ])("H35 %s count as %s", async (signal, field) => {
    const response = await lossy.send({ path: `/v1/${signal}`, headers: JSON_TYPE, body: "{}" });
    expect(response.json()).toMatchObject({ partialSuccess: { [field]: "1" } });
  });

  test("H35 a warning without a rejection has no count", async () => {
    partial.answer = () => ({ accepted: 1, rejected: 0, message: "a warning" });
    const response = await lossy.send({ headers: JSON_TYPE, body: tracesJson() });
    expect(response.json()).toEqual({ partialSuccess: { errorMessage: "a warning" } });
  });

  test("H64 H65 a reason of any length is shortened on a character, plain, far below 4 MiB", async () => {
    partial.answer = () => ({ accepted: 0, rejected: 100_000, message: "é".repeat(5_000_000) });
    const headers = { ...JSON_TYPE, "accept-encoding": "gzip" };
    const response = await lossy.send({ headers, body: tracesJson() });
    expect(response.status).toBe(200);
    expect(response.headers).not.toHaveProperty("content-encoding");
    expect(response.body.length).toBeLessThan(64 * 1024);
    const { partialSuccess } = response.json() as { partialSuccess: { errorMessage: string } };
    expect(partialSuccess.errorMessage).toMatch(/^é+ \[shortened\]$/);
  });
});

test("H66 Expect: 100-continue is answered 100, then 200", async () => {
  const socket = await target.connect();
  const request = rawRequest(tracesJson(), ["expect: 100-continue"]);
  const bodyStart = request.indexOf("\r\n\r\n") + 4;
  socket.write(request.slice(0, bodyStart));
  await readUntil(socket, (text) => text.includes("HTTP/1.1 100 Continue\r\n\r\n"));
  socket.write(request.slice(bodyStart));
  expect(await readUntil(socket, (text) => text.includes("{}"))).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});

test("H66 a request that would be refused is told so instead of 100", async () => {
  const socket = await target.connect();
  const request = rawRequest("x", ["expect: 100-continue", "authorization: Bearer wrong"]);
  socket.write(request.slice(0, -1));
  expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 401 /);
});

test("H67 HTTP/1.0 is served and its connection closed", async () => {
  const socket = await target.connect();
  socket.write(rawRequest(tracesJson(), [], "1.0"));
  expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 200 [^]*connection: close[^]*\{\}$/i);
});

test("H67 HTTP/2 is refused with 505 that names the gRPC port", async () => {
  const socket = await target.connect();
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 505 [^]*use HTTP\/1\.1 here or OTLP\/gRPC/);
  const client = http2.connect(`http://127.0.0.1:${target.collector.httpPort}`);
  await expect(once(client, "connect").then(() => once(client, "close"))).rejects.toThrow(/./);
});

test("H68 a stop finishes what is in flight and refuses what comes later with 503", async () => {
  const slow = new RecordingPipeline();
  const stopping = await startCollector({ pipeline: slow });
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  slow.answer = async () => {
    entered.resolve();
    await release.promise;
    return { accepted: 1, rejected: 0, message: undefined };
  };
  const inFlight = stopping.send({ headers: JSON_TYPE, body: tracesJson() });
  await entered.promise;
  const late = await stopping.connect();
  const request = rawRequest(tracesJson());
  late.write(request.slice(0, 30));
  const refused = await stopping.connect();
  refused.destroy();
  await new Promise(setImmediate);
  const stopped = stopping.stop();
  late.write(request.slice(30));
  expect(await readToEnd(late)).toMatch(
    /^HTTP\/1\.1 503 (?=[^]*retry-after: 1)(?=[^]*connection: close)/i,
  );
  release.resolve();
  const response = await inFlight;
  expect([response.status, response.headers.connection]).toEqual([200, "close"]);
  await stopped;
  await expect(stopping.send({ headers: JSON_TYPE })).rejects.toThrow("ECONNREFUSED");
});
