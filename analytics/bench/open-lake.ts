import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkpointLake } from "../src/compaction/checkpoint-lake.ts";
import { swapName } from "../src/compaction/swap-log.ts";
import { SWAP_DAY, dayOf, lakeKey } from "../src/lake/layout.ts";
import { serialiseManifest } from "../src/lake/manifest.ts";
import type { ManifestCommit, ManifestFile } from "../src/lake/manifest.ts";
import { openLake } from "../src/lake/open-lake.ts";
import type { Lake } from "../src/lake/open-lake.ts";
import { LakeIndex } from "../src/lake/read-manifest.ts";
import { mapLimited } from "../src/lake/map-limited.ts";
import type { ObjectStore } from "../src/object-store/object-store.ts";
import { openStore } from "../src/object-store/open-store.ts";
import { withLocalPath } from "../src/object-store/with-local-path.ts";

/*
 * Opening a lake after so many landings, compacted every 64 files: reading every commit, and reading a checkpoint
 * and the commits since. In a folder, and with the 20 ms that a request to a bucket takes. Landings are commits alone:
 * an open reads no other file.
 *
 *   node analytics/bench/open-lake.ts [landings...]
 */

const STEP_MS = 5000;
const COMPACTED_TOGETHER = 64;
const REQUEST_MS = 20;
const WRITES = 64;
const START_MS = Date.UTC(2026, 10, 1);

function fileOf(kind: "landing" | "merged", number: number, atMs: number): ManifestFile {
  const name = kind === "landing" ? landingName(number) : `${swapName(number)}-00000000-0`;
  const time = new Date(atMs).toISOString().replace("Z", "000Z");
  return {
    key: lakeKey({ kind: "spans", region: "local", day: dayOf(new Date(atMs)), name }),
    kind: "spans",
    sha256: "0".repeat(64),
    sizeBytes: 20_000,
    rows: 500,
    minStartTime: time,
    maxStartTime: time,
    projects: ["project-1", "project-2"],
    rowVersion: 3,
  };
}

function landingName(number: number): string {
  return `0123456789abcdef-${String(number).padStart(10, "0")}`;
}

/** Swaps replace each 64 landings, as passes do; 64 of what they wrote stay as they are. */
function commitsOf(landings: number): { key: string; commit: ManifestCommit }[] {
  const commits: { key: string; commit: ManifestCommit }[] = [];
  const add = (day: number, commit: Pick<ManifestCommit, "name" | "add" | "remove">, ms: number) =>
    commits.push({
      key: lakeKey({ kind: "manifest", region: "local", day, name: commit.name }),
      commit: {
        formatVersion: 1,
        committedAt: new Date(ms).toISOString(),
        region: "local",
        ...commit,
      },
    });
  let open: ManifestFile[] = [];
  for (let landing = 1; landing <= landings; landing += 1) {
    const atMs = START_MS + landing * STEP_MS;
    const file = fileOf("landing", landing, atMs);
    add(dayOf(new Date(atMs)), { name: landingName(landing), add: [file], remove: [] }, atMs);
    open.push(file);
    if (open.length < COMPACTED_TOGETHER) continue;
    const number = landing / COMPACTED_TOGETHER;
    const merged = fileOf("merged", number, atMs);
    const remove = open.map(({ key }) => key);
    add(SWAP_DAY, { name: swapName(number), add: [merged], remove }, atMs);
    open = [];
  }
  return commits;
}

function slowed(store: ObjectStore, counts: { gets: number; lists: number }, requestMs: number) {
  const request = async (): Promise<void> => {
    if (requestMs > 0) await new Promise((resolve) => setTimeout(resolve, requestMs));
  };
  return withLocalPath(store, {
    ...store,
    description: store.description,
    put: (key, body, options) => store.put(key, body, options),
    head: (key, options) => store.head(key, options),
    delete: (keys, options) => store.delete(keys, options),
    close: () => store.close(),
    get: async (key, options) => {
      counts.gets += 1;
      await request();
      return await store.get(key, options);
    },
    async *list(prefix, options) {
      let position = 0;
      for await (const each of store.list(prefix, options)) {
        if (position % 1000 === 0) {
          counts.lists += 1;
          await request();
        }
        position += 1;
        yield each;
      }
    },
  });
}

async function measure(lake: Lake, nowMs: number, what: string): Promise<Record<string, unknown>> {
  const line: Record<string, unknown> = { what };
  for (const [place, requestMs] of [
    ["folder", 0],
    ["bucket", REQUEST_MS],
  ] as const) {
    const counts = { gets: 0, lists: 0 };
    const store = slowed(lake.store, counts, requestMs);
    const startedAt = performance.now();
    const index = await LakeIndex.open({ ...lake, store }, () => new Date(nowMs));
    line[`${place} ms`] = Math.round(performance.now() - startedAt);
    Object.assign(line, counts, { files: index.allFiles().length });
  }
  return line;
}

const sizes = process.argv.slice(2).map(Number);
for (const landings of sizes.length === 0 ? [10_000, 100_000] : sizes) {
  const folder = await mkdtemp(join(tmpdir(), "lensai-open-lake-"));
  try {
    const store = await openStore(folder);
    const lake = openLake({ store, region: "local" });
    const commits = commitsOf(landings);
    // Not through the store, which flushes each: nobody measures this.
    for (const day of new Set(commits.map(({ key }) => dirname(key)))) {
      await mkdir(join(folder, day), { recursive: true });
    }
    await mapLimited(commits, WRITES, ({ key, commit }) =>
      writeFile(join(folder, key), serialiseManifest(commit)),
    );
    const nowMs = START_MS + landings * STEP_MS;
    const rows = [await measure(lake, nowMs, `${landings} landings, every commit`)];
    const startedAt = performance.now();
    const index = await LakeIndex.open(lake, () => new Date(nowMs));
    // Its own clock has put the checkpoint now: two hours later it is old.
    const later = new Date(Date.now() + 2 * 3_600_000);
    const pass = await checkpointLake({ lake, index, now: later });
    const passMs = Math.round(performance.now() - startedAt);
    rows.push(await measure(lake, nowMs, `${landings} landings, a checkpoint`));
    console.table(rows);
    process.stdout.write(`the pass: ${JSON.stringify(pass)}, ${passMs} ms\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
