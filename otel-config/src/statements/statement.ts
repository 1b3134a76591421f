import type { SigningKeyPair } from "../signing/ed25519.ts";
import { STATEMENT_PAYLOAD_TYPE, seal } from "../signing/envelope.ts";

/**
 * What a customer is charged for the calls of a time, day by day, with what was metered for it: the paper behind an
 * invoice. The console signs it; whoever gets it can check it without asking anybody (`lensai verify statement`), and
 * whoever has the lake can count it again.
 */
export interface Statement {
  readonly type: typeof STATEMENT_TYPE;
  readonly formatVersion: 1;
  readonly projectId: string;
  /** `lensai.tenant` of the calls. */
  readonly tenant: string;
  /** The first day and the last, in UTC: `2026-11-01`. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** By day; a day without calls has none. */
  readonly lines: readonly StatementLine[];
  readonly total: StatementAmounts;
}

export const STATEMENT_TYPE = "lensai.statement";

/** Amounts are whole numbers as decimal digits. */
export interface StatementAmounts {
  readonly calls: number;
  /** Calls whose price is unknown: nothing is charged for them. */
  readonly unpricedCalls: number;
  readonly costNanoUsd: string;
  /** The part of the cost whose token counts are estimates. */
  readonly estimatedNanoUsd: string;
  readonly amountNanoUsd: string;
  /** What the meter events come to. */
  readonly meteredMicroUsd: string;
}

export interface StatementLine extends StatementAmounts {
  readonly day: string;
  /** 100 are 1 %. */
  readonly markupBasisPoints: number;
  /** The first is the day's charge, each further one a correction of it. */
  readonly meterEvents: readonly StatementMeterEvent[];
}

export interface StatementMeterEvent {
  /** What Stripe knows it by. */
  readonly identifier: string;
  readonly customerId: string;
  readonly valueMicroUsd: string;
  /** ISO 8601, UTC; null while it has not reached Stripe. */
  readonly sentAt: string | null;
}

/** The statement in one line of JSON, signed (DSSE). */
export function sealStatement(statement: Statement, key: SigningKeyPair): string {
  return seal(STATEMENT_PAYLOAD_TYPE, JSON.stringify(statement), key);
}

/** What the lines come to. */
export function totalOf(lines: readonly StatementAmounts[]): StatementAmounts {
  const sum = (of: (line: StatementAmounts) => string): string =>
    lines.reduce((total, line) => total + BigInt(of(line)), 0n).toString();
  return {
    calls: lines.reduce((total, { calls }) => total + calls, 0),
    unpricedCalls: lines.reduce((total, { unpricedCalls }) => total + unpricedCalls, 0),
    costNanoUsd: sum((line) => line.costNanoUsd),
    estimatedNanoUsd: sum((line) => line.estimatedNanoUsd),
    amountNanoUsd: sum((line) => line.amountNanoUsd),
    meteredMicroUsd: sum((line) => line.meteredMicroUsd),
  };
}
