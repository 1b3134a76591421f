import { and, asc, eq, inArray, lte, sql, sum } from "drizzle-orm";
import { billingMeterEvents, billingSetups } from "../db/schema/billing.ts";
import type { BillingSetupRow } from "../services/billing/setup.ts";
import type { ServiceContext } from "../services/context.ts";
import { stripeProblem, type StripeAccount, type StripeProblem } from "./stripe.ts";

type EventRow = typeof billingMeterEvents.$inferSelect;

/** Taken at once: Stripe takes one at a time of a customer. */
const BATCH = 100;
const FIRST_PAUSE_MS = 30_000;
const PAUSE_MS_MAX = 3_600_000;
/**
 * Stripe knows a repeat by its identifier for at least 24 hours. An event that was first tried longer ago is not simply
 * sent again.
 */
const REPEATABLE_MS = 22 * 3_600_000;
/** The meter counts what it was told within minutes. */
const COUNTED_AFTER_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface SendOptions {
  readonly context: Pick<ServiceContext, "db" | "now">;
  readonly account: StripeAccount;
  readonly setup: BillingSetupRow;
}

/**
 * Sends what is due of a project, oldest first, and stops at the first that may succeed later: whoever is busy or away is
 * not asked again for the next one. Answers with why nothing of the account can be sent at the moment; undefined when
 * nothing is wrong with it.
 */
export async function sendMeterEvents(options: SendOptions): Promise<string | undefined> {
  for (;;) {
    const due = await dueEvents(options);
    for (const event of due) {
      const outcome =
        event.state === "unsure" ? await clear(options, event) : await attempt(options, event);
      if (outcome?.kind === "later") return undefined;
      if (outcome?.kind === "account") return outcome.reason;
    }
    if (due.length < BATCH) return undefined;
  }
}

function dueEvents({ context, setup }: SendOptions): Promise<EventRow[]> {
  return context.db
    .select()
    .from(billingMeterEvents)
    .where(
      and(
        eq(billingMeterEvents.projectId, setup.projectId),
        inArray(billingMeterEvents.state, ["waiting", "unsure"]),
        lte(billingMeterEvents.nextAttemptAt, context.now()),
      ),
    )
    .orderBy(asc(billingMeterEvents.createdAt), asc(billingMeterEvents.identifier))
    .limit(BATCH);
}

/** One attempt; answers with what went wrong. */
async function attempt(options: SendOptions, event: EventRow): Promise<StripeProblem | undefined> {
  const { context, account, setup } = options;
  const at = context.now();
  const { identifier, customerId, valueMicroUsd, occurredAt, firstAttemptAt } = event;
  if (firstAttemptAt !== null && at.getTime() - firstAttemptAt.getTime() > REPEATABLE_MS) {
    await change(options, event, { state: "unsure", nextAttemptAt: at });
    return undefined;
  }
  // Before it is tried: should this process end in the middle, the next one knows since when.
  await change(options, event, {
    attempts: event.attempts + 1,
    firstAttemptAt: firstAttemptAt ?? at,
    nextAttemptAt: new Date(at.getTime() + pauseMs(event.attempts)),
  });
  try {
    const { eventName } = setup;
    await account.sendMeterEvent({
      identifier,
      eventName,
      customerId,
      value: valueMicroUsd,
      occurredAt,
    });
    await change(options, event, { state: "sent", sentAt: context.now(), problem: null });
    return undefined;
  } catch (error) {
    const problem = stripeProblem(error);
    const { kind, reason } = problem;
    await change(options, event, {
      problem: reason,
      ...(kind === "refused" && { state: "refused" as const }),
      // It did not arrive: the time in which it may be repeated has not begun.
      ...(kind === "account" && { firstAttemptAt }),
    });
    return problem;
  }
}

const pauseMs = (attempts: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** attempts, PAUSE_MS_MAX);

/**
 * Finds out whether an event has arrived that nobody knows about, by what the meter has counted for the customer in the
 * minute of the event: with it, or without it. Counted otherwise, it stays unsure: a person has to look.
 */
async function clear(options: SendOptions, event: EventRow): Promise<StripeProblem | undefined> {
  const { context, account, setup } = options;
  const at = context.now();
  const later = new Date(at.getTime() + PAUSE_MS_MAX);
  if (
    event.firstAttemptAt !== null &&
    at.getTime() - event.firstAttemptAt.getTime() < COUNTED_AFTER_MS
  ) {
    await change(options, event, { nextAttemptAt: later });
    return undefined;
  }
  const fromUnixMs = Math.floor(event.occurredAt.getTime() / MINUTE_MS) * MINUTE_MS;
  const toUnixMs = fromUnixMs + MINUTE_MS;
  const others = await sentBetween(options, event, { fromUnixMs, toUnixMs });
  try {
    const counted = await account.meteredBetween({
      meterId: setup.meterId,
      customerId: event.customerId,
      fromUnixMs,
      toUnixMs,
    });
    await change(options, event, clearance(event, { counted, others, at, later }));
    return undefined;
  } catch (error) {
    const problem = stripeProblem(error);
    await change(options, event, { problem: problem.reason, nextAttemptAt: later });
    return problem;
  }
}

function clearance(
  event: EventRow,
  known: {
    readonly counted: bigint;
    readonly others: bigint;
    readonly at: Date;
    readonly later: Date;
  },
): Partial<EventRow> {
  const { counted, others, at, later } = known;
  if (counted === others + event.valueMicroUsd)
    return { state: "sent", sentAt: event.firstAttemptAt, problem: null };
  if (counted === others)
    return { state: "waiting", firstAttemptAt: null, nextAttemptAt: at, problem: null };
  return {
    nextAttemptAt: later,
    problem: `the meter counts ${counted} for the customer in that minute, where ${others} without this event, or ${others + event.valueMicroUsd} with it, is expected: compare it in Stripe`,
  };
}

/** What the meter has surely been told for the customer in that time, by whichever project. */
async function sentBetween(
  { context, setup }: SendOptions,
  { customerId }: EventRow,
  { fromUnixMs, toUnixMs }: { readonly fromUnixMs: number; readonly toUnixMs: number },
): Promise<bigint> {
  const [row] = await context.db
    .select({ total: sum(billingMeterEvents.valueMicroUsd) })
    .from(billingMeterEvents)
    .innerJoin(billingSetups, eq(billingSetups.projectId, billingMeterEvents.projectId))
    .where(
      and(
        eq(billingSetups.meterId, setup.meterId),
        eq(billingMeterEvents.customerId, customerId),
        eq(billingMeterEvents.state, "sent"),
        sql`${billingMeterEvents.occurredAt} >= ${new Date(fromUnixMs).toISOString()}`,
        sql`${billingMeterEvents.occurredAt} < ${new Date(toUnixMs).toISOString()}`,
      ),
    );
  return BigInt(row?.total ?? 0);
}

async function change(
  { context }: SendOptions,
  { identifier }: EventRow,
  values: Partial<EventRow>,
): Promise<void> {
  await context.db
    .update(billingMeterEvents)
    .set(values)
    .where(eq(billingMeterEvents.identifier, identifier));
}
