import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import { compactLake } from "../../src/compaction/compact-lake.ts";
import type { CompactionOptions, CompactionOutcome } from "../../src/compaction/compact-lake.ts";
import type { Correction } from "../../src/corrections/correction.ts";
import type { DuckDb } from "../../src/duckdb/connect.ts";
import { column, commaList, sql } from "../../src/duckdb/sql.ts";
import { appendRows } from "../../src/lake/append.ts";
import { openLocalFiles } from "../../src/lake/local-cache.ts";
import { useLiveFiles } from "../../src/lake/local-files.ts";
import type { LocalFiles } from "../../src/lake/local-files.ts";
import { parseManifest } from "../../src/lake/manifest.ts";
import type { ManifestCommit } from "../../src/lake/manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import { manifestSource } from "../../src/queries/manifest-source.ts";
import { scanOf } from "../../src/queries/query-source.ts";
import { correction } from "../corrections/sample-corrections.ts";
import { collect } from "../object-store.contract.ts";
import { DAY_MICROS } from "../lake/sample-rows.ts";

/** 2026-11-24, days since the epoch. */
export const DAY = 20_781;
/** Noon. */
export const START_MS: number = DAY * 86_400_000 + 43_200_000;

/** A lake with what its rows must be, whatever is done to its files. */
export class CompactedLake {
  readonly store: ObjectStore;
  nowMs = START_MS;
  /** The rule that each row is billed by: of the latest correction, or its own. */
  readonly expected = new Map<string, string>();
  readonly #duckDb: DuckDb;
  readonly #folder: string;
  #files = 0;
  #landings = 0;
  #decisions = 0;
  #runs = 0;

  constructor(store: ObjectStore, { duckDb, folder }: { duckDb: DuckDb; folder: string }) {
    this.store = store;
    this.#duckDb = duckDb;
    this.#folder = folder;
  }

  readonly now = (): Date => new Date(this.nowMs);

  /** Lands a row on each of the days, and a new verdict on so many earlier rows. */
  async land(days: readonly number[], corrected: number): Promise<void> {
    this.#landings += 1;
    const batchId = `b${this.#landings}`;
    const corrections = [...this.expected.keys()]
      .toReversed()
      .slice(0, corrected)
      .map((id) => this.#correct(id));
    const batch = new RowBatch(days.length);
    for (const [ordinal, day] of days.entries()) {
      const startTime = BigInt(day) * DAY_MICROS + BigInt(this.#landings);
      appendRow(
        batch,
        {
          project_id: `p${ordinal % 2}`,
          batch_id: batchId,
          record_ordinal: BigInt(ordinal),
          trace_id: String(this.#landings).padStart(32, "0"),
          span_id: String(ordinal).padStart(16, "0"),
          start_time: startTime,
          start_unix_nano: startTime * 1000n,
          received_at: startTime,
          signal: "span",
          bill_rule: "call",
          billed: true,
          ...(ordinal % 2 === 0 ? {} : { input_messages: `[${this.#landings}]` }),
        },
        day,
      );
      this.expected.set(`${day} p${ordinal % 2} ${batchId} ${ordinal}`, "call");
    }
    await appendRows(openLake({ store: this.store, region: "local" }), batch, {
      name: `c1-${String(this.#landings).padStart(6, "0")}`,
      landedAt: this.now(),
      corrections,
    });
  }

  /** Makes all files of rows ones of an older row version, without the columns that came later. */
  async age(rowVersion: number): Promise<void> {
    const newer = SPAN_COLUMNS.filter(({ since, file }) => since > rowVersion && file === "spans");
    const without = commaList(newer.map(({ name }) => column(name)));
    const path = join(this.#folder, "older.parquet");
    for (const { key } of await collect(this.store.list("manifest/"))) {
      const commit = JSON.parse(Buffer.from(await this.store.get(key)).toString()) as {
        add: { key: string; kind: string }[];
      };
      for (const file of commit.add.filter(({ kind }) => kind === "spans")) {
        await writeFile(path, await this.store.get(file.key));
        const rows = sql`SELECT * EXCLUDE (${without}) FROM read_parquet(${[path]})`;
        await this.#duckDb.query(sql`COPY (${rows}) TO ${`${path}.new`} (FORMAT parquet)`);
        const body = await readFile(`${path}.new`);
        await this.store.put(file.key, body);
        const sha256 = createHash("sha256").update(body).digest("hex");
        Object.assign(file, { rowVersion, sha256, sizeBytes: body.length });
      }
      await this.store.put(key, Buffer.from(JSON.stringify(commit)));
    }
  }

  async compact(
    store: ObjectStore,
    options: Partial<CompactionOptions> = {},
  ): Promise<CompactionOutcome> {
    const lake = openLake({ store, region: "local" });
    this.#runs += 1;
    const run = String(this.#runs).padStart(8, "0");
    const workFolder = join(this.#folder, `work-${run}`);
    await mkdir(workFolder, { recursive: true });
    return await compactLake({
      lake,
      duckDb: this.#duckDb,
      files: await this.#localFiles(store),
      freshIndex: () => LakeIndex.open(lake, this.now),
      workFolder,
      now: this.now,
      runId: () => run,
      ...options,
    });
  }

  async reader(): Promise<LakeReader> {
    const index = await LakeIndex.open(openLake(this), this.now);
    return new LakeReader(index, {
      duckDb: this.#duckDb,
      files: await this.#localFiles(this.store),
    });
  }

  get region(): string {
    return "local";
  }

  /** Keys of all files of rows and corrections, whether they count or not. */
  async dataKeys(): Promise<string[]> {
    const objects = await collect(this.store.list(""));
    const keys = objects.map(({ key }) => key);
    return keys.filter((key) => /^(?:spans|content|corrections)\//.test(key));
  }

  /**
   * The files that count for who knows nothing of checkpoints: what some commit adds and none removes. The query in
   * the documentation counts like this.
   */
  async keysBySum(): Promise<string[]> {
    const objects = await collect(this.store.list("manifest/"));
    const added = new Set<string>();
    const removed = new Set<string>();
    for (const { key } of objects) {
      const commit = parseIfWhole(await this.store.get(key), key);
      for (const file of commit?.add ?? []) added.add(file.key);
      for (const gone of commit?.remove ?? []) removed.add(gone);
    }
    return [...added].filter((key) => !removed.has(key)).toSorted();
  }

  #localFiles(store: ObjectStore): Promise<LocalFiles> {
    this.#files += 1;
    const folder = join(this.#folder, `cache-${this.#files}`);
    return openLocalFiles({ store, folder, maxBytes: 1 });
  }

  #correct(id: string): Correction {
    const [day = "", projectId = "", batchId = "", ordinal = ""] = id.split(" ");
    this.#decisions += 1;
    const billRule = this.#decisions % 2 === 0 ? "twin" : "nested";
    this.expected.set(id, billRule);
    return correction(batchId, Number(ordinal), {
      projectId,
      day: Number(day),
      billRule,
      decidedMicros: this.#decisions,
    });
  }
}

function parseIfWhole(body: Uint8Array, key: string): ManifestCommit | undefined {
  try {
    return parseManifest(body, key);
  } catch {
    return undefined;
  }
}

/** Reads rows as queries do; looks at the manifest when it is told to, or when a file has gone. */
export class LakeReader {
  readonly index: LakeIndex;
  readonly #duckDb: DuckDb;
  readonly #files: LocalFiles;

  constructor(index: LakeIndex, { duckDb, files }: { duckDb: DuckDb; files: LocalFiles }) {
    this.index = index;
    this.#duckDb = duckDb;
    this.#files = files;
  }

  /** Every row with its rule; one that is there twice is an error. */
  async rows(): Promise<Map<string, string>> {
    const choose = () => this.index.allFiles().filter(({ kind }) => kind !== "content");
    if (choose().length === 0) return new Map();
    const refresh = () => this.index.refresh();
    const rows = await useLiveFiles(this.#files, { choose, refresh }, (wanted, paths) =>
      this.#duckDb.query(
        sql`SELECT epoch_us(start_time) // 86400000000 AS day, project_id, batch_id, record_ordinal, bill_rule
          FROM ${scanOf(manifestSource(wanted, paths))}`,
      ),
    );
    const found = rows.map((row): [string, string] => {
      const { day, project_id: project, batch_id: batch, record_ordinal: ordinal } = row;
      return [
        `${String(day)} ${String(project)} ${String(batch)} ${String(ordinal)}`,
        String(row["bill_rule"]),
      ];
    });
    if (new Set(found.map(([id]) => id)).size < found.length)
      throw new Error("a row is there twice");
    return new Map(found);
  }

  /** How many rows have content. */
  async contents(): Promise<number> {
    const choose = () => this.index.allFiles().filter(({ kind }) => kind === "content");
    if (choose().length === 0) return 0;
    const refresh = () => this.index.refresh();
    const [found] = await useLiveFiles(this.#files, { choose, refresh }, (_, paths) =>
      this.#duckDb.query(
        sql`SELECT count(DISTINCT input_messages || span_id) AS contents FROM read_parquet(${paths})`,
      ),
    );
    return Number(found?.["contents"]);
  }
}
