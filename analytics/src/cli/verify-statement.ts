import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { formatUsd } from "@lensai/otel-config/money";
import { PUBLIC_KEY_ID_PATTERN } from "@lensai/otel-config/signing/ed25519";
import type { Statement } from "@lensai/otel-config/statements/statement";
import { BadStatement, verifyStatement } from "@lensai/otel-config/statements/verify-statement";
import type { VerifiedStatement } from "@lensai/otel-config/statements/verify-statement";
import { dailySpendByValue } from "../queries/daily-spend-by-value.ts";
import type { DailySpend } from "../queries/daily-spend-by-value.ts";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";

const DAY_MS = 86_400_000;
const NANO_PER_MICRO = 1000n;

/** Checks a statement by itself; with `--recount`, each of its days against the lake as well. */
export const verifyStatementFile: Command = {
  path: ["verify", "statement"],
  usage: "<file> [--key <ed25519:...>] [--recount]",
  summary: "is a statement for a customer what the console signed, and do its sums come out",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      key: { type: "string" },
      recount: { type: "boolean" },
    });
    const { file } = requireWords(positionals, ["file"]);
    const { key, recount = false } = values;
    if (key !== undefined && !PUBLIC_KEY_ID_PATTERN.test(key)) {
      throw usageError(`--key: "${key.slice(0, 80)}" is not a public key as ed25519:...`);
    }
    const path = resolve(context.workingDir, file);
    const verified = verify(path, await textOf(path), key);
    if (recount) {
      await withLake(context, async (lake) => {
        const { statement } = verified;
        const { projectId } = statement;
        const range = timesOf(statement);
        const spend = await lake.ask(projectId, range, (target) =>
          dailySpendByValue(projectId, { ...range, each: "tenant" }, target),
        );
        checkAgainst(path, statement, spend ?? []);
      });
    }
    context.write(reportOf(verified, { isKeyGiven: key !== undefined, isRecounted: recount }));
  },
};

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LensError("config.invalid", `${path} cannot be read: ${code}`, { cause: error });
  }
}

function verify(path: string, text: string, key: string | undefined): VerifiedStatement {
  try {
    return verifyStatement(text, key);
  } catch (error) {
    if (!(error instanceof BadStatement)) throw error;
    throw notIntact(`${path}: ${error.message}`, error);
  }
}

const notIntact = (message: string, cause?: unknown): LensError =>
  new LensError("statement.not_intact", message, { cause });

const timesOf = ({ firstDay, lastDay }: Statement): { fromUnixMs: number; toUnixMs: number } => ({
  fromUnixMs: Date.parse(`${firstDay}T00:00:00Z`),
  toUnixMs: Date.parse(`${lastDay}T00:00:00Z`) + DAY_MS,
});

/** Throws `statement.not_intact` for the first day that the lake counts otherwise. */
function checkAgainst(
  path: string,
  { tenant, lines }: Statement,
  spend: readonly DailySpend[],
): void {
  const counted = new Map(
    spend.filter(({ value }) => value === tenant).map((each) => [each.day, each]),
  );
  for (const { day, calls, costNanoUsd } of lines) {
    const { calls: callsNow = 0, costNanoUsd: costNow = 0n } = counted.get(day) ?? {};
    if (callsNow === calls && costNow === BigInt(costNanoUsd)) continue;
    throw notIntact(
      `${path}: ${day}: the lake has ${callsNow} calls for ${costNow} nano-USD, the statement ${calls} for ${costNanoUsd}; a correction that came later is in a newer statement`,
    );
  }
}

function reportOf(
  { statement, keyId }: VerifiedStatement,
  { isKeyGiven, isRecounted }: { readonly isKeyGiven: boolean; readonly isRecounted: boolean },
): string {
  const { tenant, projectId, firstDay, lastDay, madeAt, lines, total } = statement;
  const charged = formatUsd(BigInt(total.amountNanoUsd));
  const metered = formatUsd(BigInt(total.meteredMicroUsd) * NANO_PER_MICRO);
  return [
    `intact: ${tenant} of project ${projectId}, ${firstDay} to ${lastDay}: ${charged} for ${total.calls} calls on ${lines.length} days, ${metered} metered, made ${madeAt}`,
    `signed by ${keyId}`,
    ...(isRecounted ? ["counted again from the lake: each day comes to the same"] : []),
    "",
    ...(isKeyGiven
      ? []
      : ["not proven: whose key it is; compare it with the console's, or give --key"]),
    ...(isRecounted
      ? []
      : ["not proven: that the calls are those of the lake; --recount counts them again"]),
    "",
  ].join("\n");
}
