import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { openDatabase } from "#lib/server/db/client.ts";
import { migrateDatabase } from "#lib/server/db/migrate.ts";
import { prepareDatabase } from "#lib/server/prepare-database.ts";
import { readControlVersion } from "#lib/server/services/snapshot/build.ts";
import { createEmptyDatabase } from "../support/database.ts";

const services = (url: string) => {
  const client = openDatabase(url);
  const context = {
    db: client.db,
    now: () => new Date("2026-11-01T00:00:00Z"),
    randomBytes: (length: number) => randomBytes(length),
  };
  return { client, context };
};

test("lets several consoles migrate one database at once", async () => {
  const url = await createEmptyDatabase();
  await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(url)));
  const client = openDatabase(url);
  expect(await readControlVersion(client.db)).toBe(0);
  await client.close();
});

test("waits for a database that comes later, and says meanwhile what is wrong", async () => {
  const serverUrl = inject("postgresUrl");
  const name = `late_${randomBytes(6).toString("hex")}`;
  const url = `${serverUrl}/${name}`;
  const { client, context } = services(url);
  const preparation = prepareDatabase({
    databaseUrl: url,
    bootstrapKey: undefined,
    client,
    context,
    retryPauseMs: 20,
  });
  await expect.poll(() => preparation.problem()).toBe(`database "${name}" does not exist`);
  const admin = postgres(`${serverUrl}/postgres`, { max: 1 });
  await admin`create database ${admin(name)}`;
  await admin.end();
  await preparation.prepared;
  expect(preparation.problem()).toBeUndefined();
  expect(await readControlVersion(client.db)).toBe(1);
  await client.close();
});

test("stops trying when told to", async () => {
  const url = "postgres://lensai:secret@127.0.0.1:1/none";
  const { client, context } = services(url);
  const preparation = prepareDatabase({
    databaseUrl: url,
    bootstrapKey: undefined,
    client,
    context,
  });
  await expect.poll(() => preparation.problem()).toContain("ECONNREFUSED");
  expect(preparation.problem()).not.toContain("secret");
  preparation.stop();
  await preparation.prepared;
  await client.close();
});
