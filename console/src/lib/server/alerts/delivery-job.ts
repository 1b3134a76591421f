import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import { LensError } from "@lensai/otel-config/errors";
import { isDatabaseGone } from "../db/database-gone.ts";
import { logError } from "../log.ts";
import { reasonOf } from "../prepare-database.ts";
import { openChannelSecret } from "../services/alerts/channel-secret.ts";
import type { AlertContext } from "../services/alerts/context.ts";
import { actorOf } from "./actor-of.ts";
import type { Delivery, DeliveryOutcome, SendAlert } from "./delivery.ts";
import { claimDue, conclude, nextDue, release, type ClaimedDelivery } from "./outbox.ts";
import { createPendingWrites, type PendingWrites } from "./pending-writes.ts";

export interface DeliveryJob {
  start(): void;
  /** There may be something to send. */
  wake(): void;
  /** Why nothing can be sent at the moment; undefined while it can. */
  problem(): string | undefined;
  /** Lets attempts under way end, but not for long. Safe twice and before start. */
  stop(): Promise<void>;
}

export interface DeliveryJobOptions {
  readonly context: AlertContext;
  readonly send: SendAlert;
  /** From 0 up to, and not including, 1. */
  readonly random: () => number;
  readonly pauseMaxMs?: number;
}

/** Notices can get lost with a connection: it looks for itself as well, though seldom. */
const PAUSE_MAX_MS = 60_000;
const FAILURE_PAUSE_MS = 5000;
/** A supervisor waits ten seconds for the whole process. */
const STOP_TIMEOUT_MS = 4000;

/** Sends what waits in the outbox, when it is due, for as long as it takes. */
export function createDeliveryJob(options: DeliveryJobOptions): DeliveryJob {
  const { context, pauseMaxMs = PAUSE_MAX_MS } = options;
  const ending = new AbortController();
  const writes = createPendingWrites();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isWoken = false;
  let isStarted = false;
  let isStopping = false;
  let problem: string | undefined;

  const run = async (): Promise<void> => {
    let pauseMs = pauseMaxMs;
    try {
      do {
        isWoken = false;
        // First what is already known: else a delivery that arrived would be claimed and sent again.
        await writes.writeKept();
        await sendAllDue({ ...options, writes }, () => isStopping, ending.signal);
      } while (isWoken);
      const due = await nextDue(context.db);
      if (due !== undefined) pauseMs = Math.min(pauseMs, due.getTime() - context.now().getTime());
      problem = undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (problem !== reason && !isStopping) logError("alerts cannot be sent", { error });
      problem = reason;
      pauseMs = FAILURE_PAUSE_MS;
    }
    running = undefined;
    if (!isStopping) schedule(Math.max(0, pauseMs));
  };
  const begin = (): void => {
    clearTimeout(timer);
    running ??= run();
  };
  const schedule = (afterMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(begin, isWoken ? 0 : afterMs);
    timer.unref();
  };
  return {
    start: () => {
      if (isStarted || isStopping) return;
      isStarted = true;
      begin();
    },
    wake: () => {
      isWoken = true;
      if (isStarted && running === undefined && !isStopping) schedule(0);
    },
    problem: () => problem,
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      const timeout = setTimeout(() => ending.abort(), STOP_TIMEOUT_MS);
      await running;
      clearTimeout(timeout);
    },
  };
}

interface SendingOptions extends DeliveryJobOptions {
  readonly writes: PendingWrites;
}

async function sendAllDue(
  options: SendingOptions,
  isStopping: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { context } = options;
  while (!isStopping()) {
    const claimed = await claimDue(context.db, context.now());
    if (claimed.length === 0) return;
    const byChannel = Map.groupBy(claimed, ({ channelId }) => channelId);
    const groups = [...byChannel.values()].map((group) => sendInOrder(options, group, signal));
    // All of them end first: what one could not write down must be kept before the next look.
    const failed = (await Promise.allSettled(groups)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }
}

/** A receiver that is busy or away is not asked again for the next one. */
async function sendInOrder(
  options: SendingOptions,
  group: readonly ClaimedDelivery[],
  signal: AbortSignal,
): Promise<void> {
  const { context, writes } = options;
  const { db } = context;
  let untried = group;
  try {
    for (const [index, claimed] of group.entries()) {
      const outcome = await attempt(options, claimed, signal);
      untried = group.slice(index + 1);
      const result = { outcome, now: context.now(), random: options.random() };
      const next = await writes.write(() => conclude(db, claimed, result));
      const isDown = outcome.outcome === "failed" && outcome.isReceiverDown;
      if (isDown && next !== undefined) return await release(db, untried, next);
    }
  } catch (failure) {
    // The database is away: nobody would wait for what was not tried until its claim has run out.
    writes.keep(() => release(db, untried, context.now()));
    throw failure;
  }
}

/** One attempt. What is wrong with the channel itself is an outcome as well. Rejects, untried, when the database is away. */
export async function attempt(
  { context, send }: Pick<DeliveryJobOptions, "context" | "send">,
  claimed: ClaimedDelivery,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  try {
    return await send(await deliveryOf(context, claimed), signal);
  } catch (error) {
    if (isDatabaseGone(error)) throw error;
    const isKnown = error instanceof LensError;
    if (!isKnown) logError("an alert could not be sent", { eventId: claimed.eventId, error });
    const reason = isKnown ? error.message : "the console failed: its log says why";
    return {
      outcome: "failed",
      reason,
      mayHaveArrived: claimed.mayHaveArrived,
      isReceiverDown: false,
    };
  }
}

async function deliveryOf(context: AlertContext, claimed: ClaimedDelivery): Promise<Delivery> {
  const { event, channel, projectName, mayHaveArrived } = claimed;
  const { id, severity, occurredAt, projectId, kind, details } = event;
  const facts = { kind, details } as AlertFacts;
  return {
    event: {
      ...facts,
      id,
      severity,
      occurredAt,
      projectId,
      projectName,
      actorName: await actorOf(context.db, projectId, facts),
    },
    channel: {
      id: channel.id,
      name: channel.name,
      config: channel.config,
      secret: openChannelSecret(context.secrets, channel),
    },
    mayHaveArrived,
  };
}
