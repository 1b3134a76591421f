import { sealStatement, totalOf, STATEMENT_TYPE } from "@lensai/otel-config/statements/statement";
import type { StatementLine } from "@lensai/otel-config/statements/statement";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { and, asc, between, count, eq, sql, sum } from "drizzle-orm";
import type { DayRange } from "../../billing/billing-days.ts";
import type { Database } from "../../db/client.ts";
import { billingLines, billingMeterEvents, type MeterEventState } from "../../db/schema/billing.ts";

/** What a tenant is charged for some days, and how much of it Stripe has. */
export interface ChargedTenant {
  readonly tenant: string;
  readonly customerId: string;
  readonly days: number;
  readonly calls: number;
  readonly unpricedCalls: number;
  readonly costNanoUsd: bigint;
  readonly estimatedNanoUsd: bigint;
  readonly amountNanoUsd: bigint;
  readonly sentMicroUsd: bigint;
  /** Meter events that have not reached Stripe, by what keeps them. */
  readonly open: Readonly<Partial<Record<Exclude<MeterEventState, "sent">, number>>>;
  /** Why one of them has not, in words. */
  readonly problem: string | undefined;
}

/** By amount, the most first. */
export async function chargedTenants(
  db: Database,
  projectId: string,
  days: DayRange,
): Promise<ChargedTenant[]> {
  const [lines, events] = await Promise.all([
    db
      .select({
        tenant: billingLines.tenant,
        customerId: sql<string>`(array_agg(${billingLines.customerId} order by ${billingLines.day} desc))[1]`,
        days: count(),
        calls: sum(billingLines.calls).mapWith(Number),
        unpricedCalls: sum(billingLines.unpricedCalls).mapWith(Number),
        costNanoUsd: sum(billingLines.costNanoUsd).mapWith(BigInt),
        estimatedNanoUsd: sum(billingLines.estimatedNanoUsd).mapWith(BigInt),
        amountNanoUsd: sum(billingLines.amountNanoUsd).mapWith(BigInt),
      })
      .from(billingLines)
      .where(isOf(billingLines, projectId, days))
      .groupBy(billingLines.tenant),
    db
      .select({
        tenant: billingMeterEvents.tenant,
        state: billingMeterEvents.state,
        events: count(),
        valueMicroUsd: sum(billingMeterEvents.valueMicroUsd).mapWith(BigInt),
        problem: sql<string | null>`max(${billingMeterEvents.problem})`,
      })
      .from(billingMeterEvents)
      .where(isOf(billingMeterEvents, projectId, days))
      .groupBy(billingMeterEvents.tenant, billingMeterEvents.state),
  ]);
  const eventsByTenant = Map.groupBy(events, ({ tenant }) => tenant);
  const tenants = lines.map((line) => withEvents(line, eventsByTenant.get(line.tenant) ?? []));
  return tenants.sort((a, b) => Number(b.amountNanoUsd - a.amountNanoUsd));
}

interface TenantEvents {
  readonly state: MeterEventState;
  readonly events: number;
  readonly valueMicroUsd: bigint;
  readonly problem: string | null;
}

function withEvents(
  line: Omit<ChargedTenant, "sentMicroUsd" | "open" | "problem">,
  events: readonly TenantEvents[],
): ChargedTenant {
  const unsent = events.filter(({ state }) => state !== "sent");
  return {
    ...line,
    sentMicroUsd: events.find(({ state }) => state === "sent")?.valueMicroUsd ?? 0n,
    open: Object.fromEntries(unsent.map(({ state, events: number }) => [state, number])),
    problem: unsent.find(({ problem }) => problem !== null)?.problem ?? undefined,
  };
}

/** The days of a tenant with their meter events, by day. */
export async function chargedDays(
  db: Database,
  { projectId, tenant, ...days }: TenantDays,
): Promise<StatementLine[]> {
  const [lines, events] = await Promise.all([
    db
      .select()
      .from(billingLines)
      .where(and(isOf(billingLines, projectId, days), eq(billingLines.tenant, tenant)))
      .orderBy(asc(billingLines.day)),
    db
      .select()
      .from(billingMeterEvents)
      .where(and(isOf(billingMeterEvents, projectId, days), eq(billingMeterEvents.tenant, tenant)))
      .orderBy(asc(billingMeterEvents.createdAt), asc(billingMeterEvents.occurredAt)),
  ]);
  const eventsByDay = Map.groupBy(events, ({ day }) => day);
  return lines.map((line) => ({
    day: line.day,
    calls: line.calls,
    unpricedCalls: line.unpricedCalls,
    costNanoUsd: line.costNanoUsd.toString(),
    estimatedNanoUsd: line.estimatedNanoUsd.toString(),
    markupBasisPoints: line.markupBasisPoints,
    amountNanoUsd: line.amountNanoUsd.toString(),
    meteredMicroUsd: line.amountMicroUsd.toString(),
    meterEvents: (eventsByDay.get(line.day) ?? []).map((event) => ({
      identifier: event.identifier,
      customerId: event.customerId,
      valueMicroUsd: event.valueMicroUsd.toString(),
      sentAt: event.sentAt?.toISOString() ?? null,
    })),
  }));
}

export interface TenantDays extends DayRange {
  readonly projectId: string;
  readonly tenant: string;
}

/** The statement of a tenant in one line, signed by the console; undefined when nothing was charged. */
export async function signedStatement(
  db: Database,
  asked: TenantDays,
  { now, signingKey }: { readonly now: Date; readonly signingKey: SigningKeyPair },
): Promise<string | undefined> {
  const lines = await chargedDays(db, asked);
  if (lines.length === 0) return undefined;
  const { projectId, tenant, firstDay, lastDay } = asked;
  const statement = {
    type: STATEMENT_TYPE,
    formatVersion: 1,
    projectId,
    tenant,
    firstDay,
    lastDay,
    madeAt: now.toISOString(),
    lines,
    total: totalOf(lines),
  } as const;
  return sealStatement(statement, signingKey);
}

const isOf = (
  table: typeof billingLines | typeof billingMeterEvents,
  projectId: string,
  { firstDay, lastDay }: DayRange,
) => and(eq(table.projectId, projectId), between(table.day, firstDay, lastDay));
