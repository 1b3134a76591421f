import { chargeOf } from "@lensai/otel-config/statements/charge";

/** What the calls of a tenant cost on a day. */
export interface DayFigures {
  readonly tenant: string;
  readonly day: string;
  readonly calls: number;
  readonly unpricedCalls: number;
  readonly costNanoUsd: bigint;
  readonly estimatedNanoUsd: bigint;
}

/** What a tenant is charged for a day. */
export interface ChargedDay extends DayFigures {
  readonly customerId: string;
  readonly markupBasisPoints: number;
  readonly amountNanoUsd: bigint;
  readonly amountMicroUsd: bigint;
  /** 1 for the first charge, more for its corrections. */
  readonly revision: number;
}

/** A day to be charged, or to be charged otherwise. */
export interface ChargeChange {
  readonly charge: ChargedDay;
  /** What is to be metered: the charge, or what a correction adds to it or takes from it. */
  readonly valueMicroUsd: bigint;
}

export interface ChargesInput {
  /** Of the days looked at, all of them over. */
  readonly figures: readonly DayFigures[];
  /** Days of which the lake knows any call of the project, whoever's it was. */
  readonly knownDays: ReadonlySet<string>;
  /** What was charged for these days. */
  readonly charged: readonly ChargedDay[];
  /** The customer of each tenant. */
  readonly customers: ReadonlyMap<string, string>;
  readonly markupBasisPoints: number;
}

/**
 * What is to be charged so that each day of each customer is charged what it cost, and once. A day that was charged
 * keeps its customer and its markup; what came later corrects it, and where its calls turned out to be none it is taken
 * back. A day of which nothing is known at all stays as it is: a lake that was moved or lost is no reason to give back
 * what was charged.
 */
export function planCharges(input: ChargesInput): ChargeChange[] {
  const { figures, knownDays, charged, customers, markupBasisPoints } = input;
  const before = new Map(charged.map((charge) => [keyOf(charge), charge]));
  const found = new Set(figures.map((each) => keyOf(each)));
  const gone = charged.filter((charge) => !found.has(keyOf(charge)) && knownDays.has(charge.day));
  return [...figures, ...gone.map((charge) => emptied(charge))].flatMap((day) => {
    const last = before.get(keyOf(day));
    const customerId = last?.customerId ?? customers.get(day.tenant);
    if (customerId === undefined) return [];
    const terms = last ?? { customerId, markupBasisPoints, revision: 0, amountMicroUsd: 0n };
    return changeOf(day, terms, last);
  });
}

const emptied = ({ tenant, day }: ChargedDay): DayFigures => ({ ...NOTHING, tenant, day });

const NOTHING = { calls: 0, unpricedCalls: 0, costNanoUsd: 0n, estimatedNanoUsd: 0n } as const;

const keyOf = ({ tenant, day }: Pick<DayFigures, "tenant" | "day">): string => `${day} ${tenant}`;

type Terms = Pick<ChargedDay, "customerId" | "markupBasisPoints" | "revision" | "amountMicroUsd">;

function changeOf(day: DayFigures, terms: Terms, last: ChargedDay | undefined): ChargeChange[] {
  if (last !== undefined && isSame(day, last)) return [];
  const { customerId, markupBasisPoints, revision } = terms;
  const amounts = chargeOf(day.costNanoUsd, markupBasisPoints);
  const { tenant, day: date, calls, unpricedCalls, costNanoUsd, estimatedNanoUsd } = day;
  return [
    {
      charge: {
        tenant,
        day: date,
        calls,
        unpricedCalls,
        costNanoUsd,
        estimatedNanoUsd,
        customerId,
        markupBasisPoints,
        ...amounts,
        revision: revision + 1,
      },
      valueMicroUsd: amounts.amountMicroUsd - terms.amountMicroUsd,
    },
  ];
}

const isSame = (day: DayFigures, last: DayFigures): boolean =>
  day.calls === last.calls &&
  day.unpricedCalls === last.unpricedCalls &&
  day.costNanoUsd === last.costNanoUsd &&
  day.estimatedNanoUsd === last.estimatedNanoUsd;
