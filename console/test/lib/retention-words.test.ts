import { expect, test } from "vitest";
import { retentionWords } from "#lib/retention-words.ts";

test.each([
  [134_217_728, "kept for ever, as calls are; at most 134 MB"],
  [999_999_999, "kept for ever, as calls are; at most 999 MB"],
  [20_550_000_000, "kept for ever, as calls are; at most 20.5 GB"],
])("content of at most %s bytes: %s", (contentBytesMax, words) => {
  const policy = { recordDays: undefined, contentDays: undefined, contentBytesMax };
  expect(retentionWords(policy)).toBe(words);
});

test.each([
  [undefined, undefined, "kept for ever, as calls are"],
  [400, undefined, "kept for 400 days, as calls are"],
  [40, 40, "kept for 40 days, as calls are"],
  [400, 30, "kept for 30 days, calls for 400"],
  [undefined, 1, "kept for 1 day, calls for ever"],
])("calls %s and content %s: %s", (recordDays, contentDays, words) => {
  expect(retentionWords({ recordDays, contentDays })).toBe(words);
});
