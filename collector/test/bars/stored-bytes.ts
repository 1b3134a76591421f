import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import zlib from "node:zlib";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";

/** One file below a folder, with everything that a patient reader could get out of it. */
export interface StoredFile {
  readonly name: string;
  /** The bytes as they are, then what is compressed or encoded in them, decoded. */
  readonly bytes: Buffer;
}

/** Every file below a folder. Parquet is read column by column; compressed log records are inflated. */
export async function storedFiles(folder: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const duckDb = new DuckDb({ threads: 1 });
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const raw = withoutZeros(await readFile(file));
      const columns = file.endsWith(".parquet") ? await columnTexts(duckDb, file) : Buffer.alloc(0);
      const plain = Buffer.concat([raw, columns, ...inflatedParts(raw)]);
      const name = path.relative(folder, file);
      files.push({
        name,
        bytes: Buffer.concat([Buffer.from(`${name}\n`), plain, decodedParts(plain)]),
      });
    }
  } finally {
    await duckDb.close();
  }
  return files;
}

/** Preallocated files are mostly zeros, which hold nothing. */
function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

async function columnTexts(duckDb: DuckDb, file: string): Promise<Buffer> {
  const rows = await duckDb.query(sql`SELECT COLUMNS(*)::VARCHAR FROM read_parquet(${file})`);
  return Buffer.from(rows.map((row) => Object.values(row).join("\n")).join("\n"));
}

const INFLATERS: readonly (readonly [magic: Buffer, inflate: (bytes: Buffer) => Buffer])[] = [
  [
    Buffer.from([0x1f, 0x8b, 8]),
    (bytes) => zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  ],
  [
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    (bytes) => zlib.zstdDecompressSync(bytes, { finishFlush: zlib.constants.ZSTD_e_flush }),
  ],
  ...[0x9c, 0x01, 0x5e, 0xda].map(
    (level) =>
      [
        Buffer.from([0x78, level]),
        (bytes: Buffer) => zlib.inflateSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }),
      ] as const,
  ),
];

function inflatedParts(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (const [magic, inflate] of INFLATERS) {
    for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 1)) {
      try {
        parts.push(inflate(bytes.subarray(at)));
      } catch {
        // The magic bytes were a coincidence.
      }
    }
  }
  return parts;
}

/** Hex and base64, in which ids and byte values are stored. */
function decodedParts(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  const base64 = [...text.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)].map(([run]) =>
    Buffer.from(run, "base64"),
  );
  const hex = [...text.matchAll(/[0-9a-f]{12,}/g)].map(([run]) => Buffer.from(run, "hex"));
  return Buffer.concat([...base64, ...hex]);
}
