import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditExportWriter } from "@lensai/otel-config/audit/audit-export";
import { entryHash, FIRST_PREVIOUS_HASH } from "@lensai/otel-config/audit/entry-hash";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { expect, it } from "vitest";
import { useCli } from "./cli.ts";

const cli = useCli();
const KEY = keyPairOf(new Uint8Array(32).fill(5));

function exportOfOne(): string[] {
  const fields = {
    at: "2026-11-24T08:00:00.000Z",
    actor: "ann",
    action: "kill_switch.trigger",
    projectId: "shop",
    subjectId: "kill_1",
    before: null,
    after: { reason: "a loop" },
  };
  const hash = entryHash(1, fields, FIRST_PREVIOUS_HASH).toString("hex");
  const previousHash = FIRST_PREVIOUS_HASH.toString("hex");
  const writer = new AuditExportWriter({ projectId: "shop" }, new Date("2026-11-24T09:00:00Z"));
  const header = writer.header();
  const entry = writer.entry({ sequence: 1, ...fields, previousHash, hash });
  return [header, entry, writer.head({ headSequence: 1, headHash: hash }, KEY)];
}

async function fileOf(lines: readonly string[]): Promise<string> {
  const file = join(cli.folder, "audit.ndjson");
  await writeFile(file, lines.join(""));
  return file;
}

it("says what holds, whose key it is, and what it cannot prove", async () => {
  const output = await cli.run("verify", await fileOf(exportOfOne()), "--key", KEY.keyId);
  expect(output).toContain(
    "intact: 1 entries of project shop, 1 to 1, exported 2026-11-24T09:00:00.000Z",
  );
  expect(output).toContain(`signed by ${KEY.keyId}`);
  expect(output).toContain("not proven: that nothing was added later");
  expect(output).not.toContain("whose key it is");
});

it("names the first entry that is not what was written", async () => {
  const [header = "", entry = "", head = ""] = exportOfOne();
  const file = await fileOf([header, entry.replace("ann", "bob"), head]);
  await expect(cli.run("verify", file)).rejects.toMatchObject({
    code: "audit.not_intact",
    message: expect.stringContaining("line 2: entry 1 is not what was written") as string,
  });
});

it("refuses what is no key, and a file that is not there", async () => {
  await expect(cli.run("verify", "x", "--key", "rsa")).rejects.toThrow(/not a public key/);
  await expect(cli.run("verify", "nowhere.ndjson")).rejects.toThrow(/cannot be read: ENOENT/);
});
