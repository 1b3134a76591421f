import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AuditExportWriter } from "../../src/audit/audit-export.ts";
import type { AuditExportEntry } from "../../src/audit/audit-export.ts";
import { entryHash, FIRST_PREVIOUS_HASH } from "../../src/audit/entry-hash.ts";
import { AuditExportVerifier } from "../../src/audit/verify-export.ts";
import type { VerifiedExport } from "../../src/audit/verify-export.ts";
import { keyPairOf } from "../../src/signing/ed25519.ts";

const KEY = keyPairOf(new Uint8Array(32).fill(1));
const OTHER_KEY = keyPairOf(new Uint8Array(32).fill(2));
const AT = new Date("2026-11-24T08:00:00Z");

/** A log in which every other entry is of another project. */
function logOf(count: number): AuditExportEntry[] {
  let previousHash: Buffer = FIRST_PREVIOUS_HASH;
  return Array.from({ length: count }, (_, index) => {
    const sequence = index + 1;
    const fields = {
      at: AT.toISOString(),
      actor: "ann",
      action: "budget.update",
      projectId: index % 2 === 0 ? "shop" : "other",
      subjectId: `bud_${index}`,
      before: { limit: { b: 1, a: 2 } },
      after: null,
    };
    const hash = entryHash(sequence, fields, previousHash);
    const entry = {
      sequence,
      ...fields,
      previousHash: previousHash.toString("hex"),
      hash: hash.toString("hex"),
    };
    previousHash = hash;
    return entry;
  });
}

function exportOf(log: readonly AuditExportEntry[], projectId: string | null, key = KEY): string[] {
  const writer = new AuditExportWriter({ projectId }, AT);
  const own = log.filter((entry) => projectId === null || entry.projectId === projectId);
  const last = log.at(-1);
  const head = {
    headSequence: last?.sequence ?? 0,
    headHash: last?.hash ?? FIRST_PREVIOUS_HASH.toString("hex"),
  };
  const lines = [
    writer.header(),
    ...own.map((entry) => writer.entry(entry)),
    writer.head(head, key),
  ];
  return lines.map((line) => line.trimEnd());
}

function verify(lines: readonly string[], keyId?: string): VerifiedExport {
  const verifier = new AuditExportVerifier(keyId);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

test("a whole log and the part of a project hold", () => {
  const log = logOf(7);
  expect(verify(exportOf(log, null))).toMatchObject({
    firstSequence: 1,
    lastSequence: 7,
    skipped: 0,
  });
  const shop = verify(exportOf(log, "shop"), KEY.keyId);
  expect(shop).toMatchObject({
    keyId: KEY.keyId,
    head: { entries: 4, headSequence: 7 },
    skipped: 3,
  });
  expect(verify(exportOf([], null)).head.entries).toBe(0);
});

test.each([
  [
    "an entry that was changed",
    (lines: string[]) => lines.with(3, lines[3]!.replace("ann", "bob")),
    /line 4: entry 3 is not what was written/,
  ],
  [
    "an entry that is missing",
    (lines: string[]) => lines.toSpliced(3, 1),
    /entry 3 is missing; entry 4 follows/,
  ],
  [
    "entries in another order",
    (lines: string[]) => lines.with(2, lines[3]!).with(3, lines[2]!),
    /entry 2 is missing/,
  ],
  [
    "an entry that comes twice",
    (lines: string[]) => lines.toSpliced(3, 0, lines[2]!),
    /entry 2 comes after entry 2/,
  ],
  [
    "a file that was cut",
    (lines: string[]) => lines.slice(0, 4),
    /signed head is missing: the file was cut after entry 3/,
  ],
  [
    "entries cut at the end",
    (lines: string[]) => lines.toSpliced(5, 1),
    /5 entries were signed, and 4 are here/,
  ],
  [
    "something behind the head",
    (lines: string[]) => [...lines, lines[1]!],
    /something behind the signed head/,
  ],
  [
    "a head that was changed",
    (lines: string[]) =>
      lines.with(lines.length - 1, lines.at(-1)!.replace(/"payload":"..../, '"payload":"AAAA')),
    /the document was changed/,
  ],
  ["a line that is not JSON", (lines: string[]) => lines.with(2, "{"), /line 3: it is not JSON/],
  ["another file", () => ['{"type":"invoice"}'], /line 1: it is no export of an audit log/],
])("%s is found", (_, meddle, problem) => {
  expect(() => verify(meddle(exportOf(logOf(5), null)))).toThrow(problem);
});

test("an entry whose hash was computed anew does not follow the one before", () => {
  const log = logOf(5);
  const changed = { ...log[2]!, actor: "bob" };
  const hash = entryHash(3, changed, Buffer.from(changed.previousHash, "hex")).toString("hex");
  const forged = log.with(2, { ...changed, hash });
  expect(() => verify(exportOf(forged, null))).toThrow(/entry 4 does not follow/);
});

test("another console's signature does not count where one is named", () => {
  expect(() => verify(exportOf(logOf(2), null, OTHER_KEY), KEY.keyId)).toThrow(/not by ed25519:/);
});

test("whatever one character is changed to, it is found", () => {
  const lines = exportOf(logOf(4), "shop");
  const text = lines.join("\n");
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom("x", "0", '"', " "), (at, character) => {
      const changed = `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
      fc.pre(changed !== text);
      expect(() => verify(changed.split("\n"), KEY.keyId)).toThrow(
        /line|signed|missing|entr|base64/,
      );
    }),
  );
});
