import { LensError } from "@lensai/otel-config/errors";
import {
  LEASE_REQUESTS_PER_BATCH_MAX,
  parseLeaseBatchAnswer,
} from "@lensai/otel-config/control/leases";
import type { LeaseAnswer, ProjectLeaseRequest } from "@lensai/otel-config/control/leases";
import type { Component } from "../component.ts";

export interface LeaseRelayOptions {
  /** Base URL of the console; undefined: no console, and no ledger to ask. */
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** Processes wait for an answer no longer, and ask again. */
const REQUEST_TIMEOUT_MS = 2_500;
/** Requests that wait for the batch before theirs: some kilobytes each. */
const WAITING_MAX = 4_096;
const RETRY_AFTER_SECONDS = 1;

interface Waiting {
  readonly request: ProjectLeaseRequest;
  readonly resolve: (answer: LeaseAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Passes requests for leases on to the console, one batch at a time: what comes while one is under way waits, and
 * goes together. So the database has as many transactions as it can do, however many processes ask. Nothing is
 * kept here: a collector that is killed loses no money.
 */
export class LeaseRelay implements Component {
  readonly name = "lease relay";
  private readonly options: LeaseRelayOptions;
  private readonly waiting: Waiting[] = [];
  private readonly stopped = new AbortController();
  private isRelaying = false;
  private relaying: Promise<void> = Promise.resolve();

  constructor(options: LeaseRelayOptions) {
    this.options = options;
  }

  async start(): Promise<void> {}

  /** Who still waits is told to ask elsewhere. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.relaying;
  }

  /** Rejects with LensError `control.ledger_unavailable`. */
  ask(request: ProjectLeaseRequest): Promise<LeaseAnswer> {
    if (this.options.url === undefined)
      return Promise.reject(unavailable("this collector has no console that keeps budgets"));
    if (this.stopped.signal.aborted)
      return Promise.reject(unavailable("the collector is stopping"));
    if (this.waiting.length >= WAITING_MAX)
      return Promise.reject(unavailable(`${WAITING_MAX} requests wait for the console already`));
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      this.wake();
    });
  }

  private wake(): void {
    if (!this.isRelaying) this.relaying = this.relay();
  }

  private async relay(): Promise<void> {
    this.isRelaying = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, LEASE_REQUESTS_PER_BATCH_MAX);
      try {
        const answers = await this.send(batch.map(({ request }) => request));
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as LeaseAnswer);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        for (const { reject } of batch) reject(unavailable(reason));
      }
    }
    // In the same turn as the look that found nothing: nobody comes between the two.
    this.isRelaying = false;
  }

  private async send(requests: readonly ProjectLeaseRequest[]): Promise<readonly LeaseAnswer[]> {
    const { url, token } = this.options;
    const response = await fetch(new URL("internal/leases", `${url}/`), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ requests }),
      redirect: "error",
      signal: AbortSignal.any([this.stopped.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the console answered ${response.status}`);
    }
    const { answers } = parseLeaseBatchAnswer(await response.json());
    if (answers.length !== requests.length)
      throw new Error(`the console answered ${answers.length} of ${requests.length} requests`);
    return answers;
  }
}

function unavailable(reason: string): LensError {
  return new LensError(
    "control.ledger_unavailable",
    `the ledger of budgets cannot be asked: ${reason}; the fail mode of each budget says what happens meanwhile`,
    { retryable: true, retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}
