import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LensError } from "@lensai/otel-config/errors";
import {
  JSON_TYPE,
  KEY,
  PROTOBUF,
  RecordingPipeline,
  readToEnd,
  readUntil,
  startCollector,
  statusOf,
  tracesJson,
  tracesProtobuf,
} from "./harness.ts";
import type { TestCollector, TestRequest, TestResponse } from "./harness.ts";
import { until } from "../landing/test-folder.ts";
import { decodeWithOracle } from "../receiver/otlp-arbitrary.ts";

const MIB = 1024 * 1024;

const pipeline = new RecordingPipeline();
let target: TestCollector;

beforeAll(async () => {
  target = await startCollector({ pipeline });
});
afterAll(() => target.stop());

/** Sends, and expects a Status in the encoding of the request that never reached the pipeline. */
async function expectRefused(
  status: number,
  request: TestRequest,
  message: string | RegExp,
): Promise<TestResponse> {
  const before = pipeline.requests.length;
  const response = await target.send(request);
  expect([response.status, statusOf(response)["message"]]).toEqual([
    status,
    expect.stringMatching(message),
  ]);
  const isProtobuf = request.headers?.["content-type"] === PROTOBUF["content-type"];
  expect(response.headers["content-type"]).toBe(
    isProtobuf ? "application/x-protobuf" : "application/json",
  );
  expect(pipeline.requests).toHaveLength(before);
  return response;
}

const encoded = (encoding: string): Record<string, string> => ({
  ...PROTOBUF,
  "content-encoding": encoding,
});

test.each(["br", "foo", "gzip, gzip"])(
  "H08 content-encoding %s is refused with 415",
  async (encoding) => {
    const message = "is not supported; send gzip, zstd, deflate or identity";
    await expectRefused(415, { headers: encoded(encoding), body: tracesProtobuf() }, message);
  },
);

test("H08 without a content-type the refusal is JSON", async () => {
  await expectRefused(415, { headers: { "content-encoding": "br" }, body: "x" }, "content-type");
});

test.each([
  ["gzip", "gzip: invalid header"],
  ["zstd", "zstd: invalid header"],
  ["deflate", "deflate: invalid header"],
])("H09 a plain body under %s is refused with 400", async (encoding, message) => {
  await expectRefused(400, { headers: encoded(encoding), body: tracesProtobuf() }, message);
});

test.each([
  ["gzip", zlib.gzipSync],
  ["zstd", zlib.zstdCompressSync],
  ["deflate", zlib.deflateSync],
] as const)("H10 a truncated %s body is refused with 400", async (encoding, compress) => {
  const body = compress(tracesProtobuf()).subarray(0, -6);
  await expectRefused(400, { headers: encoded(encoding), body }, "the body is cut short");
});

describe("H11 a compression bomb", () => {
  // Members of 16 MiB: gzip allows any number of them in a row.
  const member = zlib.gzipSync(Buffer.alloc(16 * MIB));
  test.each([
    ["of 128 MiB, inflated at once", 8],
    ["of 2 GiB, inflated in the pool", 128],
  ])("%s is refused with 413 in bounded memory", async (_, members) => {
    const body = Buffer.concat(Array.from({ length: members }, () => member));
    const beforeKib = process.resourceUsage().maxRSS;
    await expectRefused(413, { headers: encoded("gzip"), body }, "inflates to more than 67108864");
    expect(process.resourceUsage().maxRSS - beforeKib).toBeLessThan(200 * 1024);
  });
});

test("H12 a content-length above the limit is refused before the body is read", async () => {
  const socket = await target.connect();
  socket.write(
    "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10000000000\r\n\r\n{",
  );
  const answer = await readUntil(socket, (text) => text.includes("}"));
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  // The rest never comes: the connection is given up after a moment.
  await readToEnd(socket).catch(() => undefined);
  expect(socket.destroyed).toBe(true);
});

/** A request of exactly this size: unknown field 15 as padding. */
const sized = (sizeBytes: number): Buffer => {
  const start = tracesProtobuf();
  const padding = Buffer.alloc(sizeBytes - start.length);
  const length = padding.length - 3;
  padding.set([0x7a, (length & 0x7f) | 0x80, length >> 7]);
  return Buffer.concat([start, padding]);
};

describe("with a limit of 4096 bytes", () => {
  const LIMIT = 4096;
  const small = new RecordingPipeline();
  let limited: TestCollector;
  beforeAll(async () => {
    limited = await startCollector({ config: { bodyBytesMax: LIMIT }, pipeline: small });
  });
  afterAll(() => limited.stop());

  test.each([true, false])(
    "H14 a body exactly at the limit is accepted (chunked: %s)",
    async (isChunked) => {
      const response = await limited.send({ headers: PROTOBUF, body: sized(LIMIT), isChunked });
      expect(response.status).toBe(200);
      expect(small.requests.at(-1)?.body).toHaveLength(LIMIT);
    },
  );

  test.each([true, false])(
    "H13 one byte more is refused with 413 (chunked: %s)",
    async (isChunked) => {
      const response = await limited.send({ headers: PROTOBUF, body: sized(LIMIT + 1), isChunked });
      expect(response.status).toBe(413);
      expect(statusOf(response)["message"]).toMatch("larger than 4096 bytes");
    },
  );

  test("H14 the limit holds after decompression too, to the byte", async () => {
    const headers = encoded("gzip");
    const atLimit = await limited.send({ headers, body: zlib.gzipSync(sized(LIMIT)) });
    expect(atLimit.status).toBe(200);
    const above = await limited.send({ headers, body: zlib.gzipSync(sized(LIMIT + 1)) });
    expect(above.status).toBe(413);
  });
});

test.each(["{", "nonsense", "", `{"resourceSpans":[}`])(
  "H18 invalid JSON %j is refused with 400",
  async (body) => {
    await expectRefused(400, { headers: JSON_TYPE, body }, "the body is not valid JSON");
  },
);

test("H18 a refusal has BadRequest details, and the error code as ErrorInfo", async () => {
  const response = await target.send({ headers: JSON_TYPE, body: "{" });
  expect(response.json()).toMatchObject({
    code: 3,
    details: [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "ingest.body_malformed" },
      { "@type": "type.googleapis.com/google.rpc.BadRequest" },
    ],
  });
  const protobuf = await target.send({ headers: PROTOBUF, body: "{" });
  expect(decodeWithOracle("google.rpc.Status", protobuf.body)).toMatchObject({
    code: 3,
    details: [
      { typeUrl: "type.googleapis.com/google.rpc.ErrorInfo" },
      { typeUrl: "type.googleapis.com/google.rpc.BadRequest" },
    ],
  });
});

test("H19 truncated protobuf is refused with 400", async () => {
  const body = tracesProtobuf().subarray(0, -3);
  await expectRefused(400, { headers: PROTOBUF, body }, /./);
});

test("H20 JSON bytes under x-protobuf are refused with 400", async () => {
  await expectRefused(400, { headers: PROTOBUF, body: tracesJson() }, /./);
});

test("H21 a body without content-type is refused with 415", async () => {
  await expectRefused(415, { body: tracesJson() }, "no content-type: send application/x-protobuf");
});

test.each(["text/plain", "multipart/form-data; boundary=x", "garbage", "application/jsonx"])(
  "H22 content-type %s is refused with 415",
  async (type) => {
    await expectRefused(415, { headers: { "content-type": type }, body: "x" }, "content-type");
  },
);

test.each(["GET", "PUT", "PATCH", "DELETE"])(
  "H24 %s is refused with 405 and Allow",
  async (method) => {
    const response = await expectRefused(405, { method }, `${method} is not allowed`);
    expect(response.headers.allow).toBe("POST");
  },
);

test.each([
  ["/v1/trace", "send to /v1/traces"],
  ["/v1/log", "send to /v1/logs"],
  ["/", "send to /v1/traces"],
  ["/v1/traces/v1/traces", "holds the signal path twice"],
  ["/v1development/profiles", "nothing is served"],
  ["/%zz", "/v1/traces"],
])("H28 %s is refused with 404 that names the right path", async (path, message) => {
  await expectRefused(404, { path, headers: PROTOBUF, body: "x" }, message);
});

describe("with keys required", () => {
  const sender = new RecordingPipeline();
  let keyed: TestCollector;
  beforeAll(async () => {
    keyed = await startCollector({ config: { keylessIsAllowed: false }, pipeline: sender });
  });
  afterAll(() => keyed.stop());

  test("H30 no key is refused with 401 in the encoding of the request", async () => {
    const json = await keyed.send({ headers: JSON_TYPE, body: tracesJson() });
    expect([json.status, json.json()["code"]]).toEqual([401, 16]);
    const protobuf = await keyed.send({ headers: PROTOBUF, body: tracesProtobuf() });
    expect([protobuf.status, statusOf(protobuf)["code"]]).toEqual([401, 16]);
    expect(json.headers).not.toHaveProperty("retry-after");
  });

  test("H30 an unknown key is refused with 401, also where no key would do", async () => {
    const headers = { ...JSON_TYPE, authorization: "Bearer canary-key" };
    for (const collector of [keyed, target]) {
      const response = await collector.send({ headers, body: tracesJson() });
      expect(response.status).toBe(401);
      expect(response.body.toString()).not.toContain("canary");
    }
  });

  test("H30 a key is accepted", async () => {
    const headers = { ...JSON_TYPE, authorization: `Bearer ${KEY}` };
    const response = await keyed.send({ headers, body: tracesJson() });
    expect(response.status).toBe(200);
    expect(sender.requests.at(-1)?.apiKeyId).toBe("bootstrap");
  });

  test("H31 a request that names another project is refused with 403", async () => {
    const headers = { ...JSON_TYPE, "x-api-key": KEY, "x-lensai-project": "other" };
    const response = await keyed.send({ headers, body: tracesJson() });
    expect([response.status, response.json()["code"]]).toEqual([403, 7]);
    const own = { ...headers, "x-lensai-project": "default" };
    expect((await keyed.send({ headers: own, body: tracesJson() })).status).toBe(200);
  });
});

test("H32 a project over its rate is refused with 429, Retry-After and a Status", async () => {
  const config = { rateLimits: { recordsPerSecond: 0, requestsPerSecond: 1 } };
  const limited = await startCollector({ config });
  const statuses: number[] = [];
  let last: TestResponse | undefined;
  while (last?.status !== 429 && statuses.length < 100) {
    last = await limited.send({ headers: JSON_TYPE, body: tracesJson() });
    statuses.push(last.status);
  }
  await limited.stop();
  expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(last?.status).toBe(429);
  expect(Number(last?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect(Number(last?.headers["retry-after"])).toBeLessThanOrEqual(5);
  expect(last?.json()["message"]).toMatch("1 requests per second");
});

describe("when the pipeline cannot take it", () => {
  const failing = new RecordingPipeline();
  let broken: TestCollector;
  beforeAll(async () => {
    broken = await startCollector({ pipeline: failing });
  });
  afterAll(() => broken.stop());

  test("H33 storage down is 503 with Retry-After and RetryInfo, and a resend is accepted", async () => {
    const accept = failing.answer;
    failing.answer = () => {
      throw new LensError("ingest.storage_behind", "the disk is full", {
        retryable: true,
        retryAfterSeconds: 60,
      });
    };
    const request = { headers: JSON_TYPE, body: tracesJson() };
    const response = await broken.send(request);
    expect([response.status, response.headers["retry-after"]]).toEqual([503, "5"]);
    expect(response.json()).toMatchObject({
      code: 14,
      message: "the disk is full",
      details: expect.arrayContaining([
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "5s" },
      ]) as unknown,
    });
    failing.answer = accept;
    expect((await broken.send(request)).status).toBe(200);
  });

  test("H33 while storage is behind a request is refused before its body has been read", async () => {
    failing.behind = new LensError("ingest.storage_behind", "the lake is away", {
      retryable: true,
    });
    const socket = await broken.connect();
    socket.write(
      "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{",
    );
    const answer = await readUntil(socket, (text) => text.includes("the lake is away"));
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/retry-after: [1-5]\r\n/);
    socket.destroy();
    failing.behind = undefined;
    const accepted = await broken.send({ headers: JSON_TYPE, body: tracesJson() });
    expect(accepted.status).toBe(200);
  });

  test("a request that has to wait for room is accepted when there is some", async () => {
    failing.isShortOfRoom = true;
    failing.timesAskedForRoom = 0;
    const before = failing.requests.length;
    const waiting = broken.send({ headers: JSON_TYPE, body: tracesJson() });
    await until(() => failing.timesAskedForRoom > 1);
    expect(failing.requests).toHaveLength(before);
    failing.isShortOfRoom = false;
    expect((await waiting).status).toBe(200);
    expect(failing.requests).toHaveLength(before + 1);
  });

  test("H34 a bug is a 500 Status without a trace of its text, which the log does not hold either", async () => {
    failing.answer = () => {
      throw new TypeError("canary-text");
    };
    const response = await broken.send({ headers: JSON_TYPE, body: tracesJson() });
    expect(response.status).toBe(500);
    expect(response.json()["code"]).toBe(13);
    expect(response.body.toString()).not.toMatch(/canary|\bat /);
    expect(broken.logLines.join("")).toMatch("TypeError");
    expect(broken.logLines.join("")).not.toMatch("canary");
  });
});

test("more bytes in flight than the budget are refused with 503, and freed with their requests", async () => {
  const slow = new RecordingPipeline();
  const body = tracesProtobuf();
  const busy = await startCollector({ config: { inFlightBytesMax: body.length }, pipeline: slow });
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  slow.answer = async () => {
    entered.resolve();
    await release.promise;
    return { accepted: 1, rejected: 0, message: undefined };
  };
  const first = busy.send({ headers: PROTOBUF, body });
  await entered.promise;
  const second = await busy.send({ headers: PROTOBUF, body });
  expect([second.status, second.headers["retry-after"]]).toEqual([503, "2"]);
  release.resolve();
  expect((await first).status).toBe(200);
  expect((await busy.send({ headers: PROTOBUF, body })).status).toBe(200);
  await busy.stop();
});

test("H50 100,000 nested brackets are refused with 400", async () => {
  const body = "[".repeat(100_000);
  await expectRefused(400, { headers: JSON_TYPE, body }, "the body is not valid JSON");
  const closed = `${body}${"]".repeat(100_000)}`;
  await expectRefused(400, { headers: JSON_TYPE, body: closed }, "the body is a list");
  const inside = tracesJson({ attributes: [{ key: "a", value: "V" }] }).replace('"V"', closed);
  await expectRefused(400, { headers: JSON_TYPE, body: inside }, "must be an object");
});

test("H49 JSON values nested 10,000 deep are refused with 400", async () => {
  const value = `${'{"arrayValue":{"values":['.repeat(10_000)}{}${"]}}".repeat(10_000)}`;
  const body = tracesJson({ attributes: [{ key: "a", value: "V" }] }).replace('"V"', value);
  await expectRefused(400, { headers: JSON_TYPE, body }, "nested deeper than 64 levels");
});

test("a host name that is not this machine's is refused with 403 without a key, accepted with one", async () => {
  const headers = { ...JSON_TYPE, host: "attacker.example:4318" };
  await expectRefused(
    403,
    { headers, body: tracesJson() },
    "the host header is not a name of this machine",
  );
  const keyed = { ...headers, authorization: `Bearer ${KEY}` };
  expect((await target.send({ headers: keyed, body: tracesJson() })).status).toBe(200);
  for (const host of ["localhost", "LOCALHOST:9", "127.0.0.1:4318", "[::1]:4318"]) {
    const local = await target.send({ headers: { ...JSON_TYPE, host }, body: tracesJson() });
    expect(local.status).toBe(200);
  }
});

test("bytes that are no HTTP request get a 400 Status", async () => {
  const socket = await target.connect();
  socket.end("\u0000\u0001\u0002\r\n\r\n");
  expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 400 [^]*"code":3/);
});
