import { expect, test } from "vitest";
import { scopeValues } from "../../src/queries/scope-values.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };

test("lists what calls have per key, the most frequent first, and nothing of other projects", async () => {
  const file = await lake.write("values", [
    spanRow(0, { team: "rare", provider: "openai", user_id: "u1" }),
    spanRow(1, { team: "often", provider: "openai" }),
    spanRow(2, { team: "often", user_id: "" }),
    spanRow(3, { team: "not a call", billed: false }),
    spanRow(4, { team: "theirs", project_id: "p2" }),
    spanRow(5, { team: "seldom" }),
  ]);
  const target = { duckDb, source: { files: [file] } };
  expect(await scopeValues("p1", { ...range, limit: 2 }, target)).toMatchObject({
    team: ["often", "rare"],
    provider: ["openai"],
    user: ["u1"],
  });
});
