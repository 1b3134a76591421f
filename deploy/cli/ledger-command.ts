import { setTimeout as pause } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";
import { formatUsd } from "@lensai/otel-config/money";
import { z } from "zod";
import type { Installation } from "../seed/installation.ts";

const USAGE = "lensai ledger rebuild [project]: count the ledgers of budgets anew from the lake";
/** A console settles for a moment in every second. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;
/** A year of a busy project takes minutes. */
const TIMEOUT_MS = 600_000;
const BUSY = 503;

const changeSchema = z.object({
  projectId: z.string(),
  budgetId: z.string(),
  value: z.string().optional(),
  periodStartsAt: z.string(),
  moreNanoUsd: z.string(),
});
const answerSchema = z.object({ changes: z.array(changeSchema) });

export interface LedgerCommandContext {
  readonly installation: () => Installation;
  readonly write: (text: string) => void;
}

/**
 * Makes the console count the ledgers of budgets anew, and prints those that were wrong. Throws LensError
 * `config.invalid` for other arguments and when no console answers.
 */
export async function ledgerCommand(
  args: readonly string[],
  { installation, write }: LedgerCommandContext,
): Promise<void> {
  const [command, projectId, ...rest] = args;
  if (command !== "rebuild" || rest.length > 0) throw new LensError("config.invalid", USAGE);
  const { changes } = answerSchema.parse(await rebuild(installation(), projectId));
  for (const { projectId: project, budgetId, value, periodStartsAt, moreNanoUsd } of changes) {
    const ledger = [project, budgetId, value, periodStartsAt].filter((part) => part !== undefined);
    const more = BigInt(moreNanoUsd);
    write(`${ledger.join("  ")}  ${more > 0n ? "+" : ""}${formatUsd(more)}\n`);
  }
  write(
    changes.length === 0
      ? "every ledger is what the lake says\n"
      : `${changes.length} were wrong, and are what the lake says now\n`,
  );
}

async function rebuild(
  { consoleUrl, controlToken }: Installation,
  projectId: string | undefined,
): Promise<unknown> {
  const url = `${consoleUrl}/internal/ledger/rebuild`;
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${controlToken}` },
      body: JSON.stringify({ ...(projectId !== undefined && { projectId }) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new LensError(
        "config.invalid",
        `no answer from ${url}; start LensAI first, or set LENSAI_CONSOLE_PORT and LENSAI_DATA_DIR to those it runs with`,
        { cause },
      );
    });
    if (response.ok) return response.json();
    if (response.status !== BUSY || attempt === ATTEMPTS)
      throw new LensError("internal", `the console answered ${response.status} to the rebuild`);
    await pause(PAUSE_MS);
  }
}
