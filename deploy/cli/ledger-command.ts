import { setTimeout as pause } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";
import { formatUsd } from "@lensai/otel-config/money";
import { z } from "zod";
import { askConsole, type RunningConsole } from "./running-console.ts";

const USAGE = "lensai ledger rebuild [project]: count the ledgers of budgets anew from the lake";
/** A console settles for a moment in every second. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;
/** A year of a busy project takes minutes. */
const TIMEOUT_MS = 600_000;

const changeSchema = z.object({
  projectId: z.string(),
  budgetId: z.string(),
  value: z.string().optional(),
  periodStartsAt: z.string(),
  moreNanoUsd: z.string(),
});
const answerSchema = z.object({ changes: z.array(changeSchema) });

export interface LedgerCommandContext {
  readonly console: () => RunningConsole;
  readonly write: (text: string) => void;
}

/**
 * Makes the console count the ledgers of budgets anew, and prints those that were wrong. Throws LensError
 * `config.invalid` for other arguments and when no console answers, `query.invalid` with what the console refuses.
 */
export async function ledgerCommand(
  args: readonly string[],
  { console, write }: LedgerCommandContext,
): Promise<void> {
  const [command, projectId, ...rest] = args;
  if (command !== "rebuild" || rest.length > 0) throw new LensError("config.invalid", USAGE);
  const { changes } = answerSchema.parse(await rebuild(console(), projectId));
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

async function rebuild(console: RunningConsole, projectId: string | undefined): Promise<unknown> {
  const body = { ...(projectId !== undefined && { projectId }) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const request = { method: "POST", body, timeoutMs: TIMEOUT_MS };
      return await askConsole(console, "/internal/ledger/rebuild", request);
    } catch (error) {
      const isBusy = error instanceof LensError && error.retryable;
      if (!isBusy || attempt === ATTEMPTS) throw error;
    }
    await pause(PAUSE_MS);
  }
}
