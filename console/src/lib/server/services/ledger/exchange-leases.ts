import { takesWorst } from "@lensai/otel-config/control/budgets";
import type {
  LeaseBatch,
  LeaseBatchAnswer,
  LeaseReport,
  ProjectLeaseRequest,
} from "@lensai/otel-config/control/leases";
import type { ServiceContext } from "../context.ts";
import { leaseTimesAt, noteHearing } from "./hearing.ts";
import { LeaseRound } from "./lease-round.ts";
import type { LeaseQuestion, OpenLedger } from "./lease-round.ts";
import type { LeaseTimes } from "./lease-state.ts";
import { LEASE_TIMES } from "./lease-times.ts";
import { countedFromMs, loadBudgets, runningPeriod } from "./load-budgets.ts";
import type { LedgerBudget } from "./load-budgets.ts";
import { ledgerKeyText } from "./ledger-key.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { loadLeases, lockLedgers, readTotals, saveLeases } from "./stored-ledgers.ts";

/**
 * Takes in what processes say of their leases, and grants what they want as far as it is free. All ledgers that are
 * asked about are locked together, and each request meets what the ones before it have left: grants never add up to
 * more than is free, however many consoles grant. The input is trusted: parse it with `parseLeaseBatch`; its projects
 * are those of the keys.
 */
export async function exchangeLeases(
  { db, now }: Pick<ServiceContext, "db" | "now">,
  { requests }: LeaseBatch,
  baseTimes: LeaseTimes = LEASE_TIMES,
): Promise<LeaseBatchAnswer> {
  const reports = requests.flatMap(({ leases }) => leases);
  const budgetIds = [...new Set(reports.map(({ budgetId }) => budgetId))];
  const outage = await noteHearing(db, now().getTime(), baseTimes);
  return db.transaction(async (transaction) => {
    const budgets = await loadBudgets(transaction, budgetIds, now());
    const openAtMs = now().getTime();
    const questions = requests.map((request) =>
      request.leases.map((report) => questionOf(request, report, budgets, openAtMs)),
    );
    const spans = spansOf(questions.flat());
    await lockLedgers(transaction, spans);
    // Only now: another console may have had the ledgers until this moment.
    const at = now();
    const nowMs = at.getTime();
    const times = leaseTimesAt(baseTimes, outage, nowMs);
    const totals = await readTotals(transaction, spans, { nowMs, times });
    const leaseIds = reports.map(({ leaseId }) => leaseId);
    const leases = await loadLeases(transaction, leaseIds);
    const round = new LeaseRound({ totals, leases, nowMs, times });
    const answers = questions.map((asked) => ({
      leases: asked.map((question) => round.answer(question)),
      nowUnixMs: nowMs,
    }));
    await saveLeases(transaction, round.changed, at);
    return { answers };
  });
}

// Flat: what a report is about comes from four places.
// oxlint-disable-next-line max-params
function questionOf(
  { projectId, instanceId, sequence }: ProjectLeaseRequest,
  report: LeaseReport,
  budgets: ReadonlyMap<string, LedgerBudget>,
  nowMs: number,
): LeaseQuestion {
  const { budgetId, value = "", periodStartsAt } = report;
  const key = { projectId, budgetId, value, periodStartMs: Date.parse(periodStartsAt) };
  const known = budgets.get(budgetId);
  const open = known && openLedger(known, key, { report, nowMs });
  return { report, key, instanceId, sequence, open };
}

/** Undefined where nothing may be granted. */
function openLedger(
  { budget, limitNanoUsd }: LedgerBudget,
  key: LedgerKey,
  { report, nowMs }: { readonly report: LeaseReport; readonly nowMs: number },
): OpenLedger | undefined {
  if (budget.projectId !== key.projectId) return undefined;
  if ((budget.each === null) !== (report.value === undefined)) return undefined;
  const period = runningPeriod(budget, key.periodStartMs, nowMs);
  if (period === undefined) return undefined;
  const span = { ...key, countedFromMs: countedFromMs(budget, period) };
  return { span, limitNanoUsd, canClamp: takesWorst(budget) };
}

/** Each once. */
function spansOf(questions: readonly LeaseQuestion[]) {
  const spans = questions.flatMap(({ open }) => (open === undefined ? [] : [open.span]));
  return [...new Map(spans.map((span) => [ledgerKeyText(span), span])).values()];
}
