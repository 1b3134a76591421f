import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeyUses } from "../../src/control/key-uses.ts";
import { createLog } from "../../src/log.ts";

let server: Server;
let url: string;
let status: number;
let bodies: unknown[];
let authorizations: (string | undefined)[];
let lines: string[];
let nowMs: number;

beforeEach(async () => {
  [status, bodies, authorizations, lines, nowMs] = [204, [], [], [], Date.UTC(2026, 10, 29)];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
    authorizations.push(request.headers.authorization);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

const keyUses = (intervalMs: number, console: string | null = url): KeyUses => {
  const log = createLog(
    (line) => void lines.push(line),
    () => new Date(nowMs),
  );
  return new KeyUses(
    { url: console ?? undefined, token: "t" },
    { nowMs: () => nowMs, log, intervalMs },
  );
};

const AN_HOUR_MS = 3_600_000;

test("tells the newest use of each key, once, when it stops", async () => {
  const uses = keyUses(AN_HOUR_MS);
  await uses.start();
  for (let n = 0; n < 1000; n += 1) uses.note("key_a");
  nowMs += 5000;
  uses.note("key_a");
  uses.note("key_b");
  await uses.stop();
  const lastUsedAt = "2026-11-29T00:00:05.000Z";
  expect(bodies).toEqual([
    {
      uses: [
        { keyId: "key_a", lastUsedAt },
        { keyId: "key_b", lastUsedAt },
      ],
    },
  ]);
  expect(authorizations).toEqual(["Bearer t"]);
  await uses.stop();
  expect(bodies).toHaveLength(1);
});

test("asks nobody while nothing was used, and has nobody to tell without a console", async () => {
  const quiet = keyUses(1);
  await quiet.start();
  await quiet.stop();
  const alone = keyUses(1, null);
  await alone.start();
  alone.note("key_a");
  await alone.stop();
  expect(bodies).toEqual([]);
});

test("tells again what a console did not take, and says so once", async () => {
  status = 503;
  const uses = keyUses(5);
  await uses.start();
  uses.note("key_a");
  await expect.poll(() => bodies.length).toBeGreaterThan(3);
  status = 204;
  const before = bodies.length;
  await expect.poll(() => bodies.length).toBeGreaterThan(before);
  await uses.stop();
  expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("the console answered 503");
});
