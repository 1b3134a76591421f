import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshNonce, secretOf, signedHeaders } from "../admission/sign.ts";
import type { SignOptions } from "../admission/sign.ts";
import { call, GRPC_SERVICES } from "./grpc-call.ts";
import {
  KEY,
  RecordingPipeline,
  readUntil,
  startCollector,
  statusOf,
  tracesJson,
  tracesProtobuf,
} from "./harness.ts";
import type { TestCollector, TestRequest, TestResponse } from "./harness.ts";

const MIB = 1024 * 1024;
const LIMIT_BYTES = 8 * MIB;
const NOW_SECONDS = 1_790_000_000;

const secret = secretOf("sig_1");
const other = secretOf("sig_other", "other");
const project = (id: string, more = {}) =>
  ({ id, name: id, content: "redacted", ...more }) as const;
const sections = {
  projects: [project("signed"), project("strict", { requireSignature: true })],
  keys: [],
  signingSecrets: [secret, other],
};

const pipeline = new RecordingPipeline();
let nowSeconds = NOW_SECONDS;
let target: TestCollector;

beforeAll(async () => {
  target = await startCollector({
    pipeline,
    sections,
    nowMs: () => nowSeconds * 1000,
    config: { keylessIsAllowed: false, bodyBytesMax: LIMIT_BYTES },
  });
});
afterAll(() => target.stop());

const body = tracesJson();
const JSON_NAME = "application/json";

/** A signed request with a JSON body, so that its refusal is JSON too. */
const signed = (options: Partial<SignOptions> = {}): TestRequest & { headers: object } => ({
  headers: signedHeaders({
    secret,
    body,
    contentType: JSON_NAME,
    created: NOW_SECONDS,
    ...options,
  }),
  body,
});

/** The error code of a refusal; undefined for a 200. */
function codeOf(response: TestResponse): string | undefined {
  if (response.status === 200) return undefined;
  return (statusOf(response)["details"] as { reason: string }[])[0]?.reason;
}

async function codeFor(request: TestRequest): Promise<string | undefined> {
  return codeOf(await target.send(request));
}

async function expectNothingTaken(send: () => Promise<void>): Promise<void> {
  const before = pipeline.requests.length;
  await send();
  expect(pipeline.requests).toHaveLength(before);
}

test("a signed request needs no key: the secret names the project and stands on the rows", async () => {
  const response = await target.send(signed());
  expect(response.status).toBe(200);
  expect(pipeline.requests.at(-1)).toMatchObject({ projectId: "signed", apiKeyId: "sig_1" });
});

test("a signature decides alone: a key beside it is not looked at", async () => {
  const request = signed();
  const headers = { ...request.headers, authorization: `Bearer ${KEY}` };
  expect((await target.send({ ...request, headers })).status).toBe(200);
  expect(pipeline.requests.at(-1)).toMatchObject({ projectId: "signed" });
});

test("the signature of one project does not open another", async () => {
  const request = signed({ secret: other });
  const headers = { ...request.headers, "x-lensai-project": "signed" };
  expect(await codeFor({ ...request, headers })).toBe("auth.scope_missing");
});

test("a 401 says that a signature is missing or wrong, and asks for no retry", async () => {
  const response = await target.send({ ...signed(), body: tracesJson({ name: "x" }) });
  expect(response.headers["www-authenticate"]).toBe("Signature");
  expect(response.headers["retry-after"]).toBeUndefined();
});

describe("between sender and collector", () => {
  test("another body is refused, and the true one still lands: nobody's nonce can be used up", async () => {
    const request = signed();
    await expectNothingTaken(async () => {
      const swapped = { ...request, body: tracesJson({ name: "forged" }) };
      expect(await codeFor(swapped)).toBe("auth.signature_invalid");
    });
    expect((await target.send(request)).status).toBe(200);
  });

  test("another body is refused as well when the collector was busy, and ends nothing else", async () => {
    const request = signed();
    pipeline.isShortOfRoom = true;
    const asked = pipeline.timesAskedForRoom;
    const swapped = codeFor({ ...request, body: tracesJson({ name: "forged" }) });
    await expect.poll(() => pipeline.timesAskedForRoom).toBeGreaterThan(asked + 1);
    pipeline.isShortOfRoom = false;
    expect(await swapped).toBe("auth.signature_invalid");
    expect((await target.send(request)).status).toBe(200);
  });

  test.each([
    ["another path", { path: "/v1/logs" }],
    ["a prefix before the path", { path: "/otlp/v1/traces" }],
  ])("%s is refused", async (_, change) => {
    expect(await codeFor({ ...signed(), ...change })).toBe("auth.signature_invalid");
  });

  test.each([
    ["content-type", "application/json; charset=utf-8"],
    ["content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
    ["signature", `lensai=:${Buffer.alloc(32).toString("base64")}:`],
  ])("another %s is refused", async (name, value) => {
    const request = signed();
    const headers = { ...request.headers, [name]: value };
    expect(await codeFor({ ...request, headers })).toBe("auth.signature_invalid");
  });

  test("a content-encoding that was added is refused by the inflater, not by luck", async () => {
    const request = signed();
    const headers = { ...request.headers, "content-encoding": "gzip" };
    expect(await codeFor({ ...request, headers })).toBe("ingest.body_malformed");
  });

  test("half a signature is none", async () => {
    for (const name of ["signature", "signature-input"] as const) {
      const { [name]: _, ...headers } = signedHeaders({ secret, body, contentType: JSON_NAME });
      expect(await codeFor({ headers, body })).toBe("auth.signature_invalid");
    }
  });

  test.each(["signature", "signature-input", "content-digest"])(
    "a second %s header is refused",
    async (name) => {
      const headers = { ...signed().headers } as Record<string, string>;
      const text = await sendRaw("/v1/traces", [...Object.entries(headers), [name, headers[name]]]);
      expect(text).toMatch(/^HTTP\/1\.1 401 /);
    },
  );
});

describe("the same request in other words", () => {
  test("in chunks", async () => {
    expect((await target.send({ ...signed(), isChunked: true })).status).toBe(200);
  });

  test("with a query, which no signature covers", async () => {
    expect((await target.send({ ...signed(), path: "/v1/traces?a=b" })).status).toBe(200);
  });

  test("with its headers in another order and other letters", async () => {
    const headers = Object.entries(signed().headers as Record<string, string>).toReversed();
    const upper = headers.map(([name, value]) => [name.toUpperCase(), value] as const);
    expect(await sendRaw("/v1/traces", upper)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("in the absolute form, as proxies are sent it", async () => {
    const headers = Object.entries(signed().headers as Record<string, string>);
    const form = "http://collector.example:4318/v1/traces";
    expect(await sendRaw(form, headers)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("compressed: what is signed are the bytes on the wire", async () => {
    const wire = zlib.gzipSync(body);
    const { headers } = signed({ body: wire });
    const request = { headers: { ...headers, "content-encoding": "gzip" }, body: wire };
    expect((await target.send(request)).status).toBe(200);
  });
});

/** Names and values as they stand in the request, which http.request would join. */
async function sendRaw(
  form: string,
  headers: readonly (readonly [string, string | undefined])[],
): Promise<string> {
  const socket = await target.connect();
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`POST ${form} HTTP/1.1\r\nhost: localhost\r\n${lines}${length}\r\n${body}`);
  const answer = await readUntil(socket, (text) => text.includes("}"));
  socket.destroy();
  return answer;
}

describe("limits hold for those who sign, too", () => {
  test("a bomb is signed as it is on the wire, and refused while it inflates", async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(2 * LIMIT_BYTES));
    const { headers } = signed({ body: bomb });
    const request = { headers: { ...headers, "content-encoding": "gzip" }, body: bomb };
    expect(await codeFor(request)).toBe("ingest.body_too_large");
  });

  test.each([true, false])("a body above the limit (chunked: %s)", async (isChunked) => {
    const large = Buffer.alloc(LIMIT_BYTES + 1, " ");
    const request = { headers: signed({ body: large }).headers, body: large, isChunked };
    expect(await codeFor(request)).toBe("ingest.body_too_large");
  });

  test("a signature that does not hold is refused before its body has arrived", async () => {
    const headers = { ...signed().headers, signature: `lensai=:${"A".repeat(43)}=:` };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = await target.connect();
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n${lines.join("")}content-length: 5000000\r\n\r\n{`,
    );
    expect(await readUntil(socket, (text) => text.includes("}"))).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });
});

describe("time", () => {
  test.each([
    [300, undefined],
    [301, "auth.signature_stale"],
    [-300, undefined],
    [-301, "auth.signature_stale"],
  ])("a signature %i s old gives %s", async (age, code) => {
    expect(await codeFor(signed({ created: NOW_SECONDS - age }))).toBe(code);
  });

  test("the refusal says by how many seconds the clocks differ", async () => {
    const response = await target.send(signed({ created: NOW_SECONDS - 4000 }));
    expect(statusOf(response)["message"]).toMatch("4000 s behind this collector's clock");
  });
});

describe("a replay", () => {
  test("is refused, and so is another request with the same nonce", async () => {
    const nonce = freshNonce();
    const request = signed({ nonce });
    expect((await target.send(request)).status).toBe(200);
    expect(await codeFor(request)).toBe("auth.signature_replayed");
    for (const created of [NOW_SECONDS, NOW_SECONDS + 1, NOW_SECONDS + 250]) {
      expect(await codeFor(signed({ nonce, created }))).toBe("auth.signature_replayed");
    }
  });

  test("at the same moment: one of many is taken", async () => {
    const request = signed();
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeFor(request)));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set([undefined, "auth.signature_replayed"]));
  });

  test("of another secret's nonce is none", async () => {
    const nonce = freshNonce();
    expect((await target.send(signed({ nonce }))).status).toBe(200);
    expect((await target.send(signed({ nonce, secret: other }))).status).toBe(200);
  });

  test("is refused after a restart", async () => {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-signed-"));
    const options = { sections, config: { dataDir }, nowMs: () => nowSeconds * 1000 };
    const request = signed();
    const first = await startCollector(options);
    expect((await first.send(request)).status).toBe(200);
    await first.stop();
    const second = await startCollector(options);
    expect(codeOf(await second.send(request))).toBe("auth.signature_replayed");
    await second.stop();
    await rm(dataDir, { recursive: true });
  });
});

describe("a project that requires signatures", () => {
  test("refuses a key, and takes what is signed", async () => {
    const strict = secretOf("sig_strict", "strict");
    const collector = await startCollector({
      sections: { ...sections, projects: [project("default", { requireSignature: true })] },
    });
    const unsigned = { headers: { "content-type": JSON_NAME }, body };
    const withKey = { ...unsigned, headers: { ...unsigned.headers, "x-api-key": KEY } };
    for (const request of [unsigned, withKey]) {
      expect(codeOf(await collector.send(request))).toBe("auth.signature_required");
    }
    const answer = await call(collector, { message: tracesProtobuf(), headers: {} });
    expect([answer.status, answer.message]).toEqual([16, expect.stringMatching("signed requests")]);
    await collector.publish({
      projects: [project("strict", { requireSignature: true })],
      signingSecrets: [strict],
    });
    const headers = signedHeaders({ secret: strict, body, contentType: JSON_NAME });
    expect((await collector.send({ headers, body })).status).toBe(200);
    await collector.stop();
  });
});

describe("rotation", () => {
  test("two secrets of a project overlap, then the old one is refused, then it is gone", async () => {
    const next = secretOf("sig_2");
    const expiresAt = new Date((NOW_SECONDS + 60) * 1000).toISOString();
    await target.publish({ ...sections, signingSecrets: [{ ...secret, expiresAt }, next] });
    for (const each of [secret, next]) {
      expect((await target.send(signed({ secret: each }))).status).toBe(200);
    }
    nowSeconds = NOW_SECONDS + 60;
    const expired = await target.send(signed());
    expect(statusOf(expired)["message"]).toMatch("the signing secret sig_1 has expired");
    expect((await target.send(signed({ secret: next }))).status).toBe(200);
    nowSeconds = NOW_SECONDS;
    await target.publish({ ...sections, signingSecrets: [next] });
    const gone = await target.send(signed());
    expect(statusOf(gone)["message"]).toMatch("the signing secret sig_1 is not known here");
    await target.publish(sections);
  });

  test("no log line and no counter holds a secret or a signature", async () => {
    const stats = await target.send({
      method: "GET",
      path: "/internal/stats",
      headers: { authorization: "Bearer control-token" },
    });
    const told = target.logLines.join("") + stats.body.toString();
    for (const { secret: text } of [secret, other]) expect(told).not.toContain(text);
    expect(told).not.toContain("lensai=:");
  });
});

describe("over gRPC", () => {
  const message = tracesProtobuf();
  const grpcHeaders = (options: Partial<SignOptions> = {}): Record<string, string> => {
    const { "content-type": _, ...headers } = signedHeaders({
      secret,
      body: message,
      contentType: "application/grpc",
      path: `/${GRPC_SERVICES.traces}/Export`,
      created: NOW_SECONDS,
      ...options,
    });
    return headers;
  };

  test.each([true, false])("the message is signed, compressed on the wire: %s", async (isGzip) => {
    const answer = await call(target, { message, isGzip, headers: grpcHeaders() });
    expect([answer.status, answer.message]).toEqual([0, "OK"]);
    expect(pipeline.requests.at(-1)).toMatchObject({ projectId: "signed", apiKeyId: "sig_1" });
  });

  test("another message, another method and a replay are UNAUTHENTICATED", async () => {
    const headers = grpcHeaders();
    const forged = await call(target, { message: tracesProtobuf({ name: "forged" }), headers });
    expect([forged.status, forged.message]).toEqual([16, expect.stringMatching("content-digest")]);
    const moved = await call(target, { message, headers, service: GRPC_SERVICES.logs });
    expect([moved.status, moved.message]).toEqual([16, expect.stringMatching("does not match")]);
    expect((await call(target, { message, headers })).status).toBe(0);
    const replayed = await call(target, { message, headers });
    expect([replayed.status, replayed.message]).toEqual([16, expect.stringMatching("nonce")]);
  });
});
