import { setTimeout as delay } from "node:timers/promises";
import type { MessagePort } from "node:worker_threads";
import { LensError } from "@lensai/otel-config/errors";
import type { ErrorCode } from "@lensai/otel-config/errors";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { RowBatchMessage } from "@lensai/otel-config/span-row/row-batch";

/** What the landing thread is asked: land these rows under this name, however long it takes. */
export interface LandRequest {
  readonly name: string;
  readonly landedAtMs: number;
  readonly batch: RowBatchMessage;
}

/** What it answers: troubles while it tries again, at last what landed; then it reads the batch no more. */
export type LandReport =
  | { readonly kind: "trouble"; readonly trouble: LandTrouble }
  | { readonly kind: "landed"; readonly rowCount: number };

export interface LandTrouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/**
 * Lands a batch and returns the number of rows that the lake holds under the name, those counted in that a newer row
 * of the same span replaces. Must be idempotent.
 */
export type AppendBatch = (
  batch: RowBatch,
  options: { name: string; landedAt: Date },
) => Promise<number>;

export interface LandRetry {
  readonly basePauseMs: number;
  /** Also the pause after an error that is not retryable: somebody has to change something first. */
  readonly maxPauseMs: number;
}

export const LAND_RETRY: LandRetry = { basePauseMs: 200, maxPauseMs: 30_000 };

/** Runs inside the landing thread: serves requests one after the other until the port closes. */
export function serveLandings(
  port: MessagePort,
  append: AppendBatch,
  retry: LandRetry = LAND_RETRY,
): void {
  const land = async (request: LandRequest): Promise<void> => {
    const batch = RowBatch.fromMessage(request.batch);
    const options = { name: request.name, landedAt: new Date(request.landedAtMs) };
    for (let attempt = 0; ; attempt += 1) {
      try {
        const rowCount = await append(batch, options);
        port.postMessage({ kind: "landed", rowCount } satisfies LandReport);
        return;
      } catch (error) {
        const trouble = toTrouble(error);
        port.postMessage({ kind: "trouble", trouble } satisfies LandReport);
        await delay(pauseMs(trouble, attempt, retry));
      }
    }
  };
  port.on("message", (request: LandRequest) => void land(request));
}

function toTrouble(error: unknown): LandTrouble {
  if (error instanceof LensError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "internal", message, retryable: false };
}

/** Full jitter: collectors that lost the same store do not come back in step. */
function pauseMs(trouble: LandTrouble, attempt: number, retry: LandRetry): number {
  if (!trouble.retryable) return retry.maxPauseMs;
  return Math.random() * Math.min(retry.maxPauseMs, retry.basePauseMs * 2 ** Math.min(attempt, 20));
}
