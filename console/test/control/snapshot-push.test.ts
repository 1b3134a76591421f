import { parseControlSnapshot, type ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import {
  ENVELOPE_MEDIA_TYPE,
  openEnvelope,
  SNAPSHOT_PAYLOAD_TYPE,
} from "@lensai/otel-config/signing/envelope";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createConsole, type Console } from "#lib/server/console.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { readControlVersion } from "#lib/server/services/snapshot/build.ts";
import { GET } from "../../src/routes/internal/control/+server.ts";
import { asOwner, createMigratedDatabase } from "../support/database.ts";
import { consoleSettings, NO_LAKE } from "../support/console-settings.ts";

const CONTROL_TOKEN = "control-token-of-the-test";

let one: Console;
let two: Console;

beforeAll(async () => {
  const databaseUrl = await createMigratedDatabase();
  one = createConsole(consoleSettings(NO_LAKE, { databaseUrl, controlToken: CONTROL_TOKEN }));
  two = createConsole(consoleSettings(NO_LAKE, { databaseUrl, controlToken: CONTROL_TOKEN }));
  for (const each of [one, two]) {
    each.start();
    await each.databaseReady(30_000);
  }
});
afterAll(() => Promise.all([one.stop(), two.stop()]));

async function ask(running: Console, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request("http://localhost/internal/control", {
    headers: { authorization: `Bearer ${CONTROL_TOKEN}`, ...headers },
  });
  const event = { request, locals: { console: running, requestId: "test" } };
  return (GET as (event: never) => Promise<Response>)(event as never);
}

interface Reader {
  /** The next snapshot, opened with the key of the first. */
  next(): Promise<ControlSnapshot>;
  close(): Promise<void>;
}

async function openStream(running: Console, headers: Record<string, string> = {}): Promise<Reader> {
  const response = await ask(running, { accept: "text/event-stream", ...headers });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const parser = new SseParser(1e6);
  const waiting: string[] = [];
  let keyId: string | undefined;
  return {
    async next() {
      while (waiting.length === 0) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the stream has ended");
        for (const { data } of parser.push(new TextDecoder().decode(value))) {
          if (data !== undefined) waiting.push(data);
        }
      }
      const expected = { payloadType: SNAPSHOT_PAYLOAD_TYPE, keyId };
      const opened = openEnvelope(waiting.shift() as string, expected);
      keyId = opened.keyId;
      return parseControlSnapshot(JSON.parse(opened.payload));
    },
    close: () => reader.cancel(),
  };
}

const stop = (running: Console, reason: string): Promise<unknown> =>
  triggerKillSwitch(running.services, { projectId: "default", scope: {}, reason }, "ann");

const reasonsOf = ({ killSwitches }: ControlSnapshot): (string | undefined)[] =>
  (killSwitches ?? []).map(({ reason }) => reason);

test("a change is pushed, also by another console than the one it was made at", async () => {
  const reader = await openStream(two);
  const first = await reader.next();
  await stop(one, "the first");
  const second = await reader.next();
  expect(second.version).toBe(first.version + 1);
  expect(reasonsOf(second)).toEqual(["the first"]);
  await reader.close();
  expect(two.control.snapshots.size).toBe(0);
});

test("both consoles sign with one key", async () => {
  const keyIds = await Promise.all(
    [one, two].map(async (each) => {
      const response = await ask(each, { accept: ENVELOPE_MEDIA_TYPE });
      const expected = { payloadType: SNAPSHOT_PAYLOAD_TYPE, keyId: undefined };
      return openEnvelope(await response.text(), expected).keyId;
    }),
  );
  expect(keyIds[0]).toBe(keyIds[1]);
});

test("a reader that sleeps through many changes is told the newest", async () => {
  const reader = await openStream(one);
  await reader.next();
  const before = await readControlVersion(one.services.db);
  for (let count = 0; count < 12; count += 1) await stop(one, `switch ${count}`);
  await expect.poll(async () => (await one.control.snapshots.current()).version).toBe(before + 12);
  const told: number[] = [];
  while (told.at(-1) !== before + 12) told.push((await reader.next()).version);
  expect(told.length).toBeLessThanOrEqual(3);
  await reader.close();
});

test("whoever has the newest version is told later ones alone", async () => {
  const version = await readControlVersion(one.services.db);
  const reader = await openStream(one, { "if-none-match": `"${version}"` });
  await stop(one, "a later one");
  expect((await reader.next()).version).toBe(version + 1);
  await reader.close();
});

test("a lost connection to the database does not lose changes", async () => {
  const reader = await openStream(two);
  await reader.next();
  await asOwner(one.services.db, (transaction) =>
    transaction.execute(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lensai-console-notices' and datname = current_database()`,
    ),
  );
  await stop(one, "after the loss");
  expect(reasonsOf(await reader.next())).toContain("after the loss");
  await reader.close();
});

test("who accepts no signed document gets the plain one, and a 304 when nothing is new", async () => {
  const plain = await ask(one);
  expect(plain.headers.get("content-type")).toBe("application/json");
  parseControlSnapshot(await plain.json());
  const etag = plain.headers.get("etag") as string;
  expect((await ask(one, { "if-none-match": etag })).status).toBe(304);
});

test("a collector that knows more than the database is overtaken, and the log says so", async () => {
  const known = (await readControlVersion(one.services.db)) + 1000;
  const reader = await openStream(one, { "if-none-match": `"${known}"` });
  expect((await reader.next()).version).toBe(known + 1);
  await reader.close();
  const entries = await one.services.db.select().from(auditEntries);
  expect(entries.at(-1)).toMatchObject({
    action: "control_version.overtake",
    before: { knownVersion: known },
  });
});

test("the streams end with the console", async () => {
  const databaseUrl = await createMigratedDatabase();
  const own = createConsole(consoleSettings(NO_LAKE, { databaseUrl, controlToken: CONTROL_TOKEN }));
  own.start();
  await own.databaseReady(30_000);
  const reader = await openStream(own);
  await reader.next();
  own.endStreams();
  await expect(reader.next()).rejects.toThrow("ended");
  await own.stop();
});
