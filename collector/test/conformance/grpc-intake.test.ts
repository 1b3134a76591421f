import { once } from "node:events";
import http2 from "node:http2";
import { afterEach, expect, test } from "vitest";
import { decodeWithOracle } from "../receiver/otlp-arbitrary.ts";
import { GRPC_SERVICES, call } from "./grpc-call.ts";
import { startCollector, tracesProtobuf } from "./harness.ts";
import type { TestCollector, TestOptions } from "./harness.ts";

/** Messages that arrive slowly, or only in part. */

const MESSAGE_BYTES = 60_000;
const PART_BYTES = 50_000;
const PREFIX_BYTES = 5;

const opened: { readonly stop: () => unknown }[] = [];
afterEach(async () => {
  for (const { stop } of opened.splice(0).toReversed()) await stop();
});

async function start(config: TestOptions["config"]): Promise<TestCollector> {
  const collector = await startCollector({ config: { bodyBytesMax: MESSAGE_BYTES, ...config } });
  opened.push(collector);
  return collector;
}

/** A call of which the first part of its message is sent. */
function beginCall({ collector }: TestCollector): http2.ClientHttp2Stream {
  const session = http2.connect(`http://127.0.0.1:${collector.grpcPort}`);
  opened.push({ stop: () => session.destroy() });
  const stream = session.request({
    ":method": "POST",
    ":path": `/${GRPC_SERVICES.traces}/Export`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(MESSAGE_BYTES, 1);
  stream.write(Buffer.concat([prefix, Buffer.alloc(PART_BYTES)]));
  return stream;
}

async function bytesInFlight(target: TestCollector): Promise<number> {
  const stats = await target.send({ method: "GET", path: "/internal/stats" });
  return stats.json()["bytesInFlight"] as number;
}

async function answerOf(stream: http2.ClientHttp2Stream): Promise<http2.IncomingHttpHeaders> {
  const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  return headers;
}

test("bytes of a message count as they arrive, and what does not fit is UNAVAILABLE with RetryInfo", async () => {
  const target = await start({ inFlightBytesMax: PART_BYTES + MESSAGE_BYTES });
  const first = beginCall(target);
  await expect.poll(() => bytesInFlight(target)).toBe(PREFIX_BYTES + PART_BYTES);
  const second = beginCall(target);
  await expect.poll(() => bytesInFlight(target)).toBe(2 * (PREFIX_BYTES + PART_BYTES));
  second.end(Buffer.alloc(MESSAGE_BYTES - PART_BYTES));
  const headers = await answerOf(second);
  expect(headers["grpc-status"]).toBe("14");
  const details = Buffer.from(headers["grpc-status-details-bin"] as string, "base64");
  expect(JSON.stringify(decodeWithOracle("google.rpc.Status", details))).toContain("RetryInfo");
  await once(second, "close");
  expect(await bytesInFlight(target)).toBe(PREFIX_BYTES + PART_BYTES);
  expect((await call(target, { message: tracesProtobuf() })).status).toBe(0);
  first.close();
  await expect.poll(() => bytesInFlight(target)).toBe(0);
});

test("a message that is small on its way counts as what it inflates to", async () => {
  const message = Buffer.concat([
    tracesProtobuf(),
    Buffer.from([0x7a, 0x90, 0x4e]),
    Buffer.alloc(10_000),
  ]);
  const target = await start({ inFlightBytesMax: message.length - 1 });
  expect((await call(target, { message, isGzip: true })).status).toBe(14);
  expect(await bytesInFlight(target)).toBe(0);
});

test("a message that is not whole in time is CANCELLED, and what came of it let go", async () => {
  const target = await start({ bodyTimeoutMs: 100 });
  const stream = beginCall(target);
  expect((await answerOf(stream))["grpc-status"]).toBe("1");
  await once(stream, "close");
  expect(await bytesInFlight(target)).toBe(0);
});
