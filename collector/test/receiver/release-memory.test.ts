import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { inflateNow } from "../../src/receiver/inflate.ts";
import { releaseMemory } from "../../src/receiver/release-memory.ts";

const MIB = 1024 * 1024;

test("the memory of a large body is free at once, without the garbage collector", () => {
  const body = inflateNow(gzipSync(Buffer.alloc(64 * MIB, "abc")), "gzip", 128 * MIB);
  const before = process.memoryUsage().arrayBuffers;
  releaseMemory(body);
  expect(body).toHaveLength(0);
  expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(60 * MIB);
});

test("a buffer cut from Node's pool keeps its memory, which others have a part of", () => {
  const [one, other] = [Buffer.from("one"), Buffer.from("other")];
  expect(one.buffer).toBe(other.buffer); // or this test shows nothing
  releaseMemory(one);
  expect([one.toString(), other.toString()]).toEqual(["one", "other"]);
});

test("the memory of a body is free at once, however short the body is", () => {
  const body = inflateNow(gzipSync("one span"), "gzip", MIB);
  const { buffer } = body;
  releaseMemory(body);
  expect([body.length, buffer.byteLength]).toEqual([0, 0]);
});

test("a chunk as large as Node's pool is freed when it is all of its memory, and kept when it is a part", () => {
  const memory = new ArrayBuffer(Buffer.poolSize);
  const [part, whole] = [new Uint8Array(memory, 0, 32 * 1024), new Uint8Array(memory)];
  releaseMemory(part);
  expect(part).toHaveLength(32 * 1024);
  releaseMemory(whole);
  expect([part.length, whole.length]).toEqual([0, 0]);
});

test("Node's pool has the size that a part of it is known by", () => {
  expect(Buffer.allocUnsafe(1).buffer.byteLength).toBe(Buffer.poolSize);
});

test("shared memory stays", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(MIB));
  releaseMemory(shared);
  expect(shared).toHaveLength(MIB);
});
