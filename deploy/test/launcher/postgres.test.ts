import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Child } from "../../launcher/child-process.ts";
import { createDataFolder } from "../../launcher/data-folder.ts";
import { preparePostgres } from "../../launcher/postgres.ts";
import { processesOf } from "../support/launched-stack.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
let children: Child[];

beforeEach(() => {
  folder = temporaryFolder();
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.stop()));
  folder.remove();
});

it("leaves no PostgreSQL behind that is not ready in time, and starts the next one on its folder", async () => {
  const dataDir = join(folder.path, "data");
  const data = createDataFolder(dataDir, process.getuid?.() === 0);
  const adopt = (child: Child): void => void children.push(child);
  // Ready at the first look it cannot be.
  const impatient = await preparePostgres({ folder: data, readyTimeoutMs: 0 });
  await expect(impatient.start(adopt)).rejects.toThrow("PostgreSQL to accept connections, in vain");
  expect(children).toHaveLength(1);
  await children[0]?.stop();
  expect(processesOf(dataDir)).toEqual([]);

  const { urls, start } = await preparePostgres({ folder: data });
  await start(adopt);
  expect(urls.databaseUrl).toMatch(/^postgres:\/\/lensai_console:/);
  expect(children).toHaveLength(2);
});
