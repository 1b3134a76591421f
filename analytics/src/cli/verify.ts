import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { AuditExportVerifier, BadAuditExport } from "@lensai/otel-config/audit/verify-export";
import type { VerifiedExport } from "@lensai/otel-config/audit/verify-export";
import { LensError } from "@lensai/otel-config/errors";
import { PUBLIC_KEY_ID_PATTERN } from "@lensai/otel-config/signing/ed25519";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import type { Command } from "./cli-context.ts";

/** Checks an export of the audit log by itself: no console, no database, no network. */
export const verify: Command = {
  path: ["verify"],
  usage: "<file> [--key <ed25519:...>]",
  summary: "is an export of the audit log what the console wrote, entry by entry",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, { key: { type: "string" } });
    const { file } = requireWords(positionals, ["file"]);
    const { key } = values;
    if (key !== undefined && !PUBLIC_KEY_ID_PATTERN.test(key)) {
      throw usageError(`--key: "${key.slice(0, 80)}" is not a public key as ed25519:...`);
    }
    const verified = await verifyFile(resolve(context.workingDir, file), key);
    context.write(reportOf(verified, key !== undefined));
  },
};

async function verifyFile(file: string, key: string | undefined): Promise<VerifiedExport> {
  const verifier = new AuditExportVerifier(key);
  try {
    const input = createReadStream(file);
    for await (const line of createInterface({ input, crlfDelay: Infinity })) verifier.line(line);
    return verifier.end();
  } catch (error) {
    if (error instanceof BadAuditExport) {
      throw new LensError("audit.not_intact", `${file}: ${error.message}`, { cause: error });
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new LensError("config.invalid", `${file} cannot be read: ${code}`, { cause: error });
  }
}

function reportOf({ head, keyId, skipped, ...ends }: VerifiedExport, isKeyGiven: boolean): string {
  const { firstSequence, lastSequence } = ends;
  const range = firstSequence === undefined ? "" : `, ${firstSequence} to ${lastSequence}`;
  return [
    `intact: ${head.entries} entries of ${extentWords(head)}${range}, exported ${head.exportedAt}`,
    `signed by ${keyId}`,
    `head of the log then: entry ${head.headSequence}, ${head.headHash}`,
    "",
    ...(isKeyGiven
      ? []
      : ["not proven: whose key it is; compare it with the console's, or give --key"]),
    "not proven: that nothing was added later, or that this is the newest export; compare the head with a later one",
    ...(skipped === 0
      ? []
      : [
          `not proven: what the ${skipped} entries of others between these say; the whole log has them`,
        ]),
    "",
  ].join("\n");
}

function extentWords({ projectId, organizationId }: VerifiedExport["head"]): string {
  if (projectId !== null) return `project ${projectId}`;
  return organizationId === undefined ? "the whole log" : `organisation ${organizationId}`;
}
