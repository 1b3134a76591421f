import { and, eq } from "drizzle-orm";
import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import { alertPresses } from "../../db/schema/alert-presses.ts";
import { limitAt } from "../../../budgets/limit-at.ts";
import { formatMoney } from "../../../format/money.ts";
import { RAISE_DURATION_MS, raisedBy } from "../../alerts/slack/buttons.ts";
import { createOverride } from "../budgets/create-override.ts";
import { findBudget } from "../budgets/list.ts";
import { updateBudget } from "../budgets/update.ts";
import type { ServiceContext } from "../context.ts";
import { releaseKillSwitch } from "../kill-switches/release.ts";
import { isArchived } from "../projects/list.ts";

/** A button of an alert, pressed by somebody who may. */
export interface ButtonPress {
  readonly eventId: string;
  readonly projectId: string;
  readonly facts: AlertFacts;
  readonly button: { readonly name: "lift" } | { readonly name: "raise"; readonly percent: number };
}

export type PressResult =
  /** `words` continues "… by <who>": "Released". */
  | { readonly outcome: "done"; readonly words: string }
  /** Pressed before, or done in another way: nothing has changed. */
  | { readonly outcome: "already"; readonly words: string; readonly actor: string | undefined }
  | { readonly outcome: "refused"; readonly problem: string };

/**
 * Does what a button says, once: the press is recorded in the transaction of the change. A second press of the same
 * button changes nothing, whoever makes it and however late it comes.
 */
export async function pressButton(
  context: ServiceContext,
  press: ButtonPress,
  actor: string,
): Promise<PressResult> {
  const { eventId, button } = press;
  return context.db.transaction(async (transaction): Promise<PressResult> => {
    const [first] = await transaction
      .insert(alertPresses)
      .values({ eventId, button: button.name, actor, pressedAt: context.now() })
      .onConflictDoNothing()
      .returning();
    if (first === undefined) {
      const [before] = await transaction
        .select({ actor: alertPresses.actor })
        .from(alertPresses)
        .where(isPress(press));
      return { outcome: "already", words: "This was done before", actor: before?.actor };
    }
    const result = await act({ ...context, db: transaction }, press, actor);
    // Nothing was done: whoever may do it can still press.
    if (result.outcome === "refused") await transaction.delete(alertPresses).where(isPress(press));
    return result;
  });
}

const isPress = ({ eventId, button }: ButtonPress) =>
  and(eq(alertPresses.eventId, eventId), eq(alertPresses.button, button.name));

async function act(
  context: ServiceContext,
  press: ButtonPress,
  actor: string,
): Promise<PressResult> {
  const { facts, button, projectId } = press;
  if (await isArchived(context.db, projectId)) return ARCHIVED;
  if (facts.kind === "kill_switch.triggered" && button.name === "lift")
    return release(context, { projectId, killSwitchId: facts.details.killSwitchId }, actor);
  if (!isOfBudget(facts)) return NO_SUCH_BUTTON;
  const target = { projectId, budgetId: facts.details.budgetId };
  return button.name === "lift"
    ? stopEnforcing(context, target, actor)
    : raise(context, { ...target, percent: button.percent }, actor);
}

type BudgetAlert = Extract<AlertFacts, { details: { budgetId: string } }>;

const isOfBudget = (facts: AlertFacts): facts is BudgetAlert => "budgetId" in facts.details;

const ARCHIVED: PressResult = {
  outcome: "refused",
  problem: "The project is archived: nothing was changed.",
};

const NO_SUCH_BUTTON: PressResult = {
  outcome: "refused",
  problem: "This alert has no such button.",
};
const NO_SUCH_BUDGET: PressResult = {
  outcome: "refused",
  problem: "There is no such budget any more.",
};

async function release(
  context: ServiceContext,
  target: { readonly projectId: string; readonly killSwitchId: string },
  actor: string,
): Promise<PressResult> {
  const input = { ...target, reason: "released from Slack" };
  const isReleased = await releaseKillSwitch(context, input, actor);
  return isReleased
    ? { outcome: "done", words: "Released" }
    : { outcome: "already", words: "It was released before", actor: undefined };
}

interface BudgetTarget {
  readonly projectId: string;
  readonly budgetId: string;
}

/** With the version as it is now: whoever presses means the budget, not a state of it. */
async function stopEnforcing(
  context: ServiceContext,
  target: BudgetTarget,
  actor: string,
): Promise<PressResult> {
  const budget = await findBudget(context.db, { ...target, at: context.now() });
  if (budget === undefined) return NO_SUCH_BUDGET;
  if (budget.mode !== "enforce")
    return { outcome: "already", words: `It is in mode ${budget.mode} already`, actor: undefined };
  const change = { ...target, version: budget.version, mode: "observe" as const };
  const result = await updateBudget(context, change, actor);
  return result.kind === "updated"
    ? { outcome: "done", words: "Set to observe only" }
    : { outcome: "refused", problem: "The budget was changed at this moment: look at it first." };
}

/** By so much of the budget's own limit, on top of what holds now. */
async function raise(
  context: ServiceContext,
  { percent, ...target }: BudgetTarget & { readonly percent: number },
  actor: string,
): Promise<PressResult> {
  const now = context.now();
  const budget = await findBudget(context.db, { ...target, at: now });
  if (budget === undefined) return NO_SUCH_BUDGET;
  const by = raisedBy(budget.limitNanoUsd, percent);
  const limitNanoUsd = limitAt(budget, budget.overrides, now.getTime()) + by;
  const endsAt = new Date(now.getTime() + RAISE_DURATION_MS).toISOString();
  const reason = `raised from Slack by ${percent} % for an hour`;
  const result = await createOverride(context, { ...target, limitNanoUsd, endsAt, reason }, actor);
  if (result.kind === "created")
    return {
      outcome: "done",
      words: `Raised by ${formatMoney(by)} to ${formatMoney(limitNanoUsd)} for an hour`,
    };
  return result.kind === "invalid"
    ? { outcome: "refused", problem: `The budget cannot be raised: it ${result.problem}.` }
    : NO_SUCH_BUDGET;
}
