import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mergeFiles } from "../../src/compaction/merge-files.ts";
import { spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();

/** What cannot be guessed from what came before it: as hard to compress as a text can be. */
const said = (turn: number): string =>
  Array.from({ length: 32 }, (_, part) =>
    createHash("sha256").update(`${turn} ${part}`).digest("hex"),
  ).join("");

test("what an agent says again with every call of a trace takes room once", async () => {
  const turns = Array.from({ length: 60 }, (_, turn) => turn);
  const history = (turn: number): string =>
    JSON.stringify(turns.slice(0, turn + 1).map((each) => ({ role: "user", content: said(each) })));
  const rows = turns.map((turn) =>
    spanRow(turn, {
      trace_id: "1".padStart(32, "0"),
      // As they are: at random, so that no call lies beside the one before it.
      span_id: createHash("sha256").update(String(turn)).digest("hex").slice(0, 16),
      input_messages: history(turn),
    }),
  );
  // Hexadecimal digits hold half a byte.
  const newBytes = (turns.length * said(0).length) / 2;
  const inputs = await Promise.all(
    [0, 1, 2].map((file) =>
      lake.write(`history-${file}`, rows.slice(file * 20, file * 20 + 20), "content"),
    ),
  );
  const output = join(lake.folder, "merged.parquet");
  expect(await mergeFiles(duckDb, { kind: "content", inputs, output })).toBe(turns.length);
  const sentBytes = rows.reduce((total, row) => total + String(row["input_messages"]).length, 0);
  expect(sentBytes).toBeGreaterThan(50 * newBytes);
  expect(statSync(output).size).toBeLessThan(2 * newBytes);
});
