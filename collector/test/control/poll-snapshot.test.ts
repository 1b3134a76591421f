import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ControlPoll } from "../../src/control/poll-snapshot.ts";

const TOKEN = "control-token";

let dataDir: string;
let server: http.Server;
let url: string;
let requests: http.IncomingHttpHeaders[];
let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let states: (string | undefined)[];
const polls: ControlPoll[] = [];

const snapshot = (version: number): string =>
  JSON.stringify({
    formatVersion: CONTROL_SNAPSHOT_VERSION,
    version,
    issuedAt: "2026-01-01T00:00:00Z",
    projects: [{ id: "p1", name: "Shop", content: "off" }],
    keys: [],
  });

const serves =
  (version: number): typeof answer =>
  (request, response) => {
    const etag = `"${version}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(snapshot(version));
  };

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-control-"));
  requests = [];
  states = [];
  answer = serves(1);
  server = http.createServer((request, response) => {
    requests.push(request.headers);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const poll of polls.splice(0)) await poll.stop();
  server.closeAllConnections();
  server.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function startPoll(options: { url?: string | undefined } = { url }): Promise<ControlPoll> {
  const poll = new ControlPoll({
    url: options.url,
    token: TOKEN,
    intervalMs: 5,
    dataDir,
    builtIn: { bootstrapKey: undefined, content: "redacted" },
    nowMs: Date.now,
    onState: (problem) => states.push(problem),
  });
  polls.push(poll);
  await poll.start();
  return poll;
}

const file = (): string => path.join(dataDir, "control-snapshot.json");

test("takes the console's snapshot and asks with its token and ETag", async () => {
  const poll = await startPoll();
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(1);
  await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
  expect(requests[0]).toMatchObject({ authorization: `Bearer ${TOKEN}` });
  expect(requests[0]).not.toHaveProperty("if-none-match");
  expect(requests[1]).toHaveProperty("if-none-match", '"1"');
  expect(poll.ageMs()).toBeLessThan(10_000);
});

test("takes every newer snapshot", async () => {
  const poll = await startPoll();
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(1);
  answer = serves(2);
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(2);
});

test("keeps the last good copy for its owner alone, and leaves no other file", async () => {
  const poll = await startPoll();
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(1);
  await poll.stop();
  expect(await readFile(file(), "utf8")).toBe(snapshot(1));
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await readdir(dataDir)).toEqual(["control-snapshot.json"]);
});

test("starts with the last good copy while the console is down, and says so once", async () => {
  await writeFile(file(), snapshot(7));
  answer = (_request, response) => response.writeHead(500).end();
  const poll = await startPoll();
  expect(poll.current().version).toBe(7);
  expect(poll.current().projectsById.get("p1")?.name).toBe("Shop");
  await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
  expect(states).toEqual(["the console answered 500"]);
  expect(poll.ageMs()).toBeUndefined();
  answer = serves(8);
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(8);
  await expect.poll(() => states, { interval: 1 }).toEqual(["the console answered 500", undefined]);
});

test.each([
  ["is not JSON", "{"],
  ["has another format", `{"formatVersion":99}`],
])("keeps what it has when the answer %s", async (_, body) => {
  const poll = await startPoll();
  await expect.poll(() => poll.current().version, { interval: 1 }).toBe(1);
  answer = (_request, response) => response.writeHead(200).end(body);
  await expect.poll(() => states.length, { interval: 1 }).toBe(1);
  expect(poll.current().version).toBe(1);
  expect(await readFile(file(), "utf8")).toBe(snapshot(1));
});

test("ignores a last good copy that is damaged, and says so", async () => {
  await writeFile(file(), "{");
  answer = (_request, response) => response.writeHead(500).end();
  const poll = await startPoll();
  expect(poll.current().version).toBe(0);
  expect(states[0]).toMatch("the last good copy is unusable");
});

test("writes the copy again when it could not be written, and leaves no other file", async () => {
  await mkdir(path.join(file(), "in-the-way"), { recursive: true });
  const poll = await startPoll();
  await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
  expect(poll.current().version).toBe(1);
  expect(states.at(-1)).toMatch("its copy cannot be written");
  await rm(file(), { recursive: true });
  await expect.poll(() => states.at(-1), { interval: 1 }).toBeUndefined();
  await poll.stop();
  expect(await readFile(file(), "utf8")).toBe(snapshot(1));
  expect(await readdir(dataDir)).toEqual(["control-snapshot.json"]);
});

test("does not read a snapshot beyond its limit", async () => {
  const tooLarge = Buffer.alloc(32 * 1024 * 1024 + 1, " ");
  answer = (_request, response) => response.writeHead(200).end(tooLarge);
  const poll = await startPoll();
  await expect.poll(() => states[0], { interval: 1 }).toMatch("more than 33554432 bytes");
  expect(poll.current().version).toBe(0);
});

test("without a console knows the default project and polls nobody", async () => {
  const poll = await startPoll({ url: undefined });
  expect(poll.current().projectsById.get("default")?.content).toBe("redacted");
  expect(poll.ageMs()).toBeUndefined();
});

test("stops at once while a request hangs", async () => {
  answer = () => {};
  const poll = await startPoll();
  await expect.poll(() => requests.length, { interval: 1 }).toBe(1);
  await poll.stop();
  await poll.stop();
  expect(states).toEqual([]);
});
