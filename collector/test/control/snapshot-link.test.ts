import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { ENVELOPE_MEDIA_TYPE } from "@lensai/otel-config/signing/envelope";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SnapshotKeeper } from "../../src/control/snapshot-keeper.ts";
import { SnapshotLink } from "../../src/control/snapshot-link.ts";
import { CONSOLE_KEY, sealed, snapshotOf } from "./snapshot-server.ts";

const TOKEN = "control-token";
const OTHER_KEY = keyPairOf(new Uint8Array(32).fill(8));

let dataDir: string;
let server: http.Server;
let url: string;
let requests: http.IncomingHttpHeaders[];
let streams: http.ServerResponse[];
let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let states: (string | undefined)[];
const links: SnapshotLink[] = [];

const projects = [{ id: "p1", name: "Shop", content: "off" as const }];
const envelope = (version: number, key = CONSOLE_KEY): string =>
  sealed(snapshotOf(version, { projects }), key);
const event = (text: string): string => `event: snapshot\nid: 1\ndata: ${text}\n\n`;

/** A console that pushes, beginning with this version. */
const streamsFrom =
  (version: number): typeof answer =>
  (request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 1\n\n");
    if (request.headers["if-none-match"] !== `"${version}"`)
      response.write(event(envelope(version)));
    streams.push(response);
  };

/** A console behind something that lets no streams through. */
const answersWith =
  (version: number): typeof answer =>
  (request, response) => {
    const etag = `"${version}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else
      response.writeHead(200, { etag, "content-type": ENVELOPE_MEDIA_TYPE }).end(envelope(version));
  };

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-control-"));
  requests = [];
  states = [];
  streams = [];
  answer = streamsFrom(1);
  server = http.createServer((request, response) => {
    requests.push(request.headers);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const link of links.splice(0)) await link.stop();
  server.closeAllConnections();
  server.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface Started {
  readonly keeper: SnapshotKeeper;
  readonly link: SnapshotLink;
  readonly changes: number[];
}

async function startLink(
  options: { url?: string | undefined; publicKey?: string } = {},
): Promise<Started> {
  const changes: number[] = [];
  const keeper: SnapshotKeeper = new SnapshotKeeper({
    dataDir,
    publicKey: options.publicKey,
    builtIn: { bootstrapKey: undefined, content: "redacted" },
    nowMs: Date.now,
    onChange: () => changes.push(keeper.current().version),
  });
  const link = new SnapshotLink({
    url: "url" in options ? options.url : url,
    token: TOKEN,
    intervalMs: 5,
    keeper,
    onState: (problem) => states.push(problem),
  });
  links.push(link);
  await link.start();
  return { keeper, link, changes };
}

const known = async ({ keeper }: Started, version: number): Promise<void> => {
  await expect.poll(() => keeper.current().version, { interval: 1 }).toBe(version);
};
const kept = async ({ keeper }: Started, version: number): Promise<void> => {
  await expect.poll(() => keeper.keptVersion, { interval: 1 }).toBe(version);
};

const file = (): string => path.join(dataDir, "control-snapshot.json");
const keyFile = (): string => path.join(dataDir, "control-public-key");

describe("the stream", () => {
  test("asks with the console's token, and uses what is pushed", async () => {
    const started = await startLink();
    await known(started, 1);
    expect(requests[0]).toMatchObject({ authorization: `Bearer ${TOKEN}` });
    expect(requests[0]?.accept).toMatch(/^text\/event-stream, /);
    for (const version of [2, 3, 4]) streams[0]?.write(event(envelope(version)));
    await known(started, 4);
    expect(started.changes).toEqual([1, 2, 3, 4]);
    expect(requests).toHaveLength(1);
    expect(started.keeper.ageMs()).toBeLessThan(10_000);
  });

  test("comes back when it ends, and says what it has", async () => {
    const started = await startLink();
    await kept(started, 1);
    streams[0]?.end();
    await expect.poll(() => requests.length, { interval: 1 }).toBe(2);
    expect(requests[1]).toHaveProperty("if-none-match", '"1"');
    expect(states).toEqual([]);
  });

  test("a comment confirms what is known", async () => {
    const started = await startLink();
    await known(started, 1);
    const { keeper } = started;
    await expect.poll(() => keeper.ageMs() ?? 0, { interval: 1 }).toBeGreaterThan(50);
    streams[0]?.write(":\n\n");
    await expect.poll(() => keeper.ageMs() ?? Infinity, { interval: 1 }).toBeLessThan(50);
  });
});

describe("where no stream goes through", () => {
  test("asks again and again with its version", async () => {
    answer = answersWith(1);
    const started = await startLink();
    await known(started, 1);
    await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
    expect(requests[0]).not.toHaveProperty("if-none-match");
    await expect.poll(() => requests.at(-1)?.["if-none-match"], { interval: 1 }).toBe('"1"');
    answer = answersWith(2);
    await known(started, 2);
  });
});

describe("the last good copy", () => {
  test("is for its owner alone, beside the key of the console, and no other file", async () => {
    const started = await startLink();
    await kept(started, 1);
    await started.link.stop();
    expect(await readFile(file(), "utf8")).toBe(envelope(1));
    expect(await readFile(keyFile(), "utf8")).toBe(`${CONSOLE_KEY.keyId}\n`);
    for (const each of [file(), keyFile()]) expect((await stat(each)).mode & 0o777).toBe(0o600);
    expect((await readdir(dataDir)).toSorted()).toEqual([
      "control-public-key",
      "control-snapshot.json",
    ]);
  });

  test("is used while the console is down, which is said once", async () => {
    await writeFile(file(), envelope(7));
    answer = (_request, response) => response.writeHead(500).end();
    const started = await startLink();
    expect(started.keeper.current().version).toBe(7);
    expect(started.keeper.current().projectsById.get("p1")?.name).toBe("Shop");
    await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
    expect(states).toEqual(["the console answered 500"]);
    expect(started.keeper.ageMs()).toBeUndefined();
    answer = streamsFrom(8);
    await known(started, 8);
    await expect
      .poll(() => states, { interval: 1 })
      .toEqual(["the console answered 500", undefined]);
  });

  test("is not used when it is damaged, which is said", async () => {
    await writeFile(file(), "{");
    answer = (_request, response) => response.writeHead(500).end();
    const { keeper } = await startLink();
    expect(keeper.current().version).toBe(0);
    expect(states[0]).toMatch("the last good copy is unusable");
  });

  test("is written again when it could not be", async () => {
    await mkdir(path.join(file(), "in-the-way"), { recursive: true });
    const started = await startLink();
    await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(2);
    expect(started.keeper.current().version).toBe(1);
    expect(states.find((state) => state !== undefined)).toMatch(/unusable|cannot be written/);
    await rm(file(), { recursive: true });
    await kept(started, 1);
    await started.link.stop();
    expect(await readFile(file(), "utf8")).toBe(envelope(1));
  });
});

describe("what is refused, and leaves what is known in use", () => {
  test.each([
    ["is not JSON", "{", /JSON/],
    ["is not signed", JSON.stringify(snapshotOf(9, {})), /not a signed envelope/],
    ["is signed by another", envelope(9, OTHER_KEY), /signed by ed25519:.*, not by ed25519:/],
    ["was changed", envelope(9).replace(/"payload":"..../, '"payload":"AAAA'), /was changed/],
    ["is older", envelope(1), /older than 2/],
    ["has another format", sealed({ formatVersion: 99 }), /formatVersion 99/],
  ])("a snapshot that %s", async (_, text, problem) => {
    answer = streamsFrom(2);
    const started = await startLink();
    await kept(started, 2);
    streams[0]?.write(event(text));
    await expect.poll(() => states[0], { interval: 1 }).toMatch(problem);
    expect(started.keeper.current().version).toBe(2);
    expect(await readFile(file(), "utf8")).toBe(envelope(2));
  });

  test("the first snapshot of a console that is not the one of the setting", async () => {
    const { keeper } = await startLink({ publicKey: OTHER_KEY.keyId });
    await expect.poll(() => states[0], { interval: 1 }).toMatch(/not by ed25519:/);
    expect(keeper.current().version).toBe(0);
  });

  test("a console with another key, also after a restart", async () => {
    const first = await startLink();
    await kept(first, 1);
    await first.link.stop();
    answer = (_request, response) => {
      response.writeHead(200, { "content-type": ENVELOPE_MEDIA_TYPE });
      response.end(envelope(5, OTHER_KEY));
    };
    const { keeper } = await startLink();
    await expect.poll(() => states[0], { interval: 1 }).toMatch(/not by ed25519:/);
    expect(keeper.current().version).toBe(1);
  });

  test("one without end", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-type": ENVELOPE_MEDIA_TYPE });
      response.end(Buffer.alloc(48 * 1024 * 1024 + 1, " "));
    };
    const { keeper } = await startLink();
    await expect.poll(() => states[0], { interval: 1 }).toMatch("more than 50331648 characters");
    expect(keeper.current().version).toBe(0);
  });
});

test("without a console knows the default project and asks nobody", async () => {
  const { keeper } = await startLink({ url: undefined });
  expect(keeper.current().projectsById.get("default")?.content).toBe("redacted");
  expect(keeper.ageMs()).toBeUndefined();
});

test("stops at once while a question hangs", async () => {
  answer = () => {};
  const { link } = await startLink();
  await expect.poll(() => requests.length, { interval: 1 }).toBe(1);
  await link.stop();
  await link.stop();
  expect(states).toEqual([]);
});
