import { expect, test } from "vitest";
import { retentionWords } from "#lib/retention-words.ts";

test.each([
  [undefined, undefined, "kept for ever, as calls are"],
  [400, undefined, "kept for 400 days, as calls are"],
  [40, 40, "kept for 40 days, as calls are"],
  [400, 30, "kept for 30 days, calls for 400"],
  [undefined, 1, "kept for 1 day, calls for ever"],
])("calls %s and content %s: %s", (recordDays, contentDays, words) => {
  expect(retentionWords({ recordDays, contentDays })).toBe(words);
});
