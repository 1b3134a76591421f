import type { DuckDBConnection, DuckDBInstance, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { LensError } from "@lensai/otel-config/errors";
import { storeRefused, storeUnavailable } from "../object-store/store-error.ts";
import { Semaphore } from "./semaphore.ts";
import { renderSql } from "./sql.ts";
import type { RenderedSql, Sql, SqlValue } from "./sql.ts";

/** Leaves one of libuv's four threads for files and DNS; more at once gain nothing on few cores. */
const DEFAULT_MAX_RUNNING = 3;
/** Callers waiting for a place; beyond this the answer would come too late for anyone. */
const MAX_WAITING = 256;
const DEFAULT_TIMEOUT_MS = 15_000;
/**
 * After so long without a query the engine is closed: it holds what it has read of files that may be gone by now, tens
 * of megabytes. Opening it again takes as long as a short query.
 */
const IDLE_MS = 15_000;
/** An interrupt that arrives before the query has started is lost: it is repeated this often. */
const INTERRUPT_EVERY_MS = 25;

export interface DuckDbOptions {
  /** DuckDB's own notation. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where sorts and joins that exceed the memory go; without it they fail instead. */
  readonly tempDirectory?: string;
  readonly maxRunning?: number;
  /** Waiting for a place included. */
  readonly timeoutMs?: number;
  readonly idleMs?: number;
}

export interface QueryOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A value of an answer. Whole numbers come as bigint, timestamps must be turned into numbers by the SQL. */
export type SqlResult = string | number | bigint | boolean | null | readonly SqlResult[];
export type SqlRow = Readonly<Record<string, SqlResult>>;

/** Some rows of an answer; columns are counted from 0. */
export interface RowChunk {
  readonly rowCount: number;
  readonly value: (row: number, column: number) => SqlResult;
}

interface BoundValues {
  readonly values: DuckDBValue[];
  readonly types: DuckDBType[];
}

type Work<T> = (
  connection: DuckDBConnection,
  bound: BoundValues,
  statement: RenderedSql,
) => Promise<T>;

/**
 * One DuckDB in memory, for queries over Parquet files. A process needs one; nothing is loaded before the
 * first query, and nothing stays when there has been none for a while. Errors: `query.timeout` (retryable), `lake.object_missing` (a file went away),
 * `lake.file_corrupt`, `lake.store_unavailable` (a full disk), `lake.store_refused` (no place for temporary files),
 * else `internal`.
 */
export class DuckDb {
  readonly #options: DuckDbOptions;
  readonly #places: Semaphore;
  readonly #idle: DuckDBConnection[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #instance: Promise<DuckDBInstance> | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: DuckDbOptions = {}) {
    this.#options = options;
    this.#places = new Semaphore(options.maxRunning ?? DEFAULT_MAX_RUNNING);
  }

  get isOpen(): boolean {
    return this.#instance !== undefined;
  }

  /** Runs one statement and returns all its rows. */
  async query(statement: Sql, options: QueryOptions = {}): Promise<SqlRow[]> {
    return this.#admit(statement, options, async (connection, { values, types }, { text }) => {
      const result = await connection.runAndReadAll(text, values, types);
      return result.getRowObjectsJS() as SqlRow[];
    });
  }

  /**
   * Shows the rows of an answer in order, some thousand at a time, without keeping them: for answers of millions of
   * rows. The chunk is only good until `visit` returns.
   */
  async visit(
    statement: Sql,
    visit: (chunk: RowChunk) => void,
    options: QueryOptions = {},
  ): Promise<void> {
    return this.#admit(statement, options, async (connection, { values, types }, { text }) => {
      const result = await connection.stream(text, values, types);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        const columns = Array.from({ length: chunk.columnCount }, (_, at) =>
          chunk.getColumnVector(at),
        );
        const value = (row: number, at: number): SqlResult =>
          (columns[at]?.getItem(row) ?? null) as SqlResult;
        visit({ rowCount: chunk.rowCount, value });
      }
    });
  }

  async #admit<T>(statement: Sql, options: QueryOptions, work: Work<T>): Promise<T> {
    this.#closing.signal.throwIfAborted();
    if (this.#places.waiting >= MAX_WAITING) {
      throw new LensError("query.timeout", `${MAX_WAITING} queries are waiting: ask again later`, {
        retryable: true,
      });
    }
    clearTimeout(this.#idleTimer);
    const running = this.#run(renderSql(statement), options, work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      if (this.#running.size === 0) this.#closeWhenIdle();
    }
  }

  /** Stops what runs and frees the memory. Safe to call twice; queries fail afterwards. */
  async close(): Promise<void> {
    this.#closing.abort(new LensError("internal", "the query engine is closed"));
    await Promise.allSettled(this.#running);
    await this.#free();
  }

  #closeWhenIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#closing.signal.aborted) return;
    this.#idleTimer = setTimeout(() => void this.#free(), this.#options.idleMs ?? IDLE_MS).unref();
  }

  /** Nothing may run. A query that comes meanwhile opens another instance. */
  async #free(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const closed = this.#instance;
    this.#instance = undefined;
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    const instance = await closed?.catch(() => undefined);
    instance?.closeSync();
  }

  async #run<T>(statement: RenderedSql, options: QueryOptions, work: Work<T>): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(timeoutError(timeoutMs)), timeoutMs);
    const signals = [deadline.signal, this.#closing.signal];
    if (options.signal !== undefined) signals.push(options.signal);
    const signal = AbortSignal.any(signals);
    try {
      await this.#places.acquire(signal);
      try {
        return await this.#runNow(statement, signal, work);
      } finally {
        this.#places.release();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #runNow<T>(statement: RenderedSql, signal: AbortSignal, work: Work<T>): Promise<T> {
    const bound = await bind(statement.values);
    const connection = this.#idle.pop() ?? (await this.#connect());
    let repeat: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      connection.interrupt();
      repeat = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
    };
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      signal.throwIfAborted();
      return await work(connection, bound, statement);
    } catch (error) {
      throw signal.aborted ? signal.reason : queryError(error, this.#options.tempDirectory);
    } finally {
      signal.removeEventListener("abort", interrupt);
      clearInterval(repeat);
      this.#idle.push(connection);
    }
  }

  async #connect(): Promise<DuckDBConnection> {
    const opening = (this.#instance ??= open(this.#options));
    try {
      const instance = await opening;
      return await instance.connect();
    } catch (cause) {
      if (this.#instance === opening) this.#instance = undefined;
      throw new LensError("internal", "the query engine did not start", { cause });
    }
  }
}

async function open(options: DuckDbOptions): Promise<DuckDBInstance> {
  const { DuckDBInstance: Instance } = await import("@duckdb/node-api");
  const instance = await Instance.create(":memory:", {
    memory_limit: options.memoryLimit ?? "512MB",
    threads: String(options.threads ?? 2),
    temp_directory: options.tempDirectory ?? "",
    // extensions would be downloaded
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    // what a query has freed would stay until the next one: 25 MB of a process that does nothing
    allocator_background_threads: "true",
    // the operating system caches local files already
    enable_external_file_cache: "false",
  });
  const connection = await instance.connect();
  // lake files never change: their footers need reading once
  await connection.run("SET GLOBAL parquet_metadata_cache = true");
  await connection.run("SET GLOBAL lock_configuration = true");
  connection.closeSync();
  return instance;
}

/** Types are given because DuckDB would take every bigint for a 128-bit number. */
async function bind(values: readonly SqlValue[]): Promise<BoundValues> {
  const { BIGINT, BOOLEAN, LIST, VARCHAR, listValue } = await import("@duckdb/node-api");
  const types = { string: VARCHAR, bigint: BIGINT, boolean: BOOLEAN };
  return {
    values: values.map((value) => (typeof value === "object" ? listValue([...value]) : value)),
    types: values.map((value) =>
      typeof value === "object" ? LIST(VARCHAR) : types[typeof value as keyof typeof types],
    ),
  };
}

function timeoutError(timeoutMs: number): LensError {
  return new LensError(
    "query.timeout",
    `the query was stopped after ${timeoutMs} ms: ask for a shorter time range`,
    { retryable: true },
  );
}

/** What DuckDB says of a disk or a quota, and of its own limit: by default, the room there was when it was opened. */
const FULL_DISK = /No space left on device|Disk quota exceeded|failed to offload data block/;

function queryError(cause: unknown, tempDirectory = ""): LensError {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (FULL_DISK.test(text)) {
    return storeUnavailable("the query found the disk full: free some space", { cause });
  }
  if (tempDirectory !== "" && text.startsWith("IO Error") && text.includes(tempDirectory)) {
    return storeRefused("the query cannot write its temporary files: make their folder writable", {
      cause,
    });
  }
  if (text.startsWith("IO Error")) {
    return new LensError("lake.object_missing", "a file of the lake could not be read: ask again", {
      retryable: true,
      cause,
    });
  }
  if (/magic bytes|parquet|thrift|zstd/i.test(text) && !text.startsWith("Binder Error")) {
    return new LensError("lake.file_corrupt", "a file of the lake is not a valid Parquet file", {
      cause,
    });
  }
  return new LensError("internal", "the query failed in the database engine", { cause });
}
