import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readUntil as readSocket } from "../conformance/harness.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai main "));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

type Child = ChildProcessByStdio<null, null, Readable>;

function start(environment: Record<string, string>): Child {
  const free = { LENSAI_OTLP_HTTP_PORT: "0", LENSAI_OTLP_GRPC_PORT: "0" };
  const cache = { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] };
  const env = { ...cache, LENSAI_DATA_DIR: dataDir, ...free, ...environment };
  return spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
}

async function ended(child: Child): Promise<{ code: number | null; output: string }> {
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

async function httpPortOf(child: Child): Promise<number> {
  let text = "";
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString();
    const lines = text.split("\n").slice(0, -1);
    const ready = lines
      .map((line) => JSON.parse(line) as object)
      .find((line) => "httpPort" in line);
    if (ready !== undefined && "httpPort" in ready) return ready.httpPort as number;
  }
  throw new Error("the collector ended before it was ready");
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "the process says where it listens, serves, and ends with 0 on %s",
  async (signal) => {
    const child = start({});
    const port = await httpPortOf(child);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: "ready" }]);
    child.kill(signal);
    expect((await ended(child)).code).toBe(0);
  },
);

test("what makes a start impossible is one message without a stack, and exit code 1", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const unknown = await ended(start({ LENSAI_PORT: "1", LENSAI_REGION: "Not a region" }));
  expect(unknown).toEqual({
    code: 1,
    output: expect.stringMatching(
      /^the collector cannot start:\n {2}- LENSAI_PORT: .*\n {2}- LENSAI_REGION: .*\n$/,
    ) as unknown,
  });
  const busy = await ended(start({ LENSAI_OTLP_GRPC_PORT: String(port) }));
  expect(busy).toEqual({
    code: 1,
    output: `the collector cannot start:\n  - LENSAI_OTLP_GRPC_PORT: port ${port} is taken; stop the program that has it or choose another port\n`,
  });
  taken.close();
});

test("a second signal ends it at once although a request is in flight", async () => {
  const child = start({});
  const port = await httpPortOf(child);
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n",
  );
  await readSocket(socket, (text) => text.includes("100 Continue"));
  socket.on("error", () => undefined);
  const stopping = once(child.stderr, "data");
  child.kill("SIGTERM");
  await stopping;
  child.kill("SIGTERM");
  expect((await ended(child)).code).toBe(1);
  socket.destroy();
});
