import { and, eq } from "drizzle-orm";
import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import { alertPresses } from "../../db/schema/alert-presses.ts";
import type { ServiceContext } from "../context.ts";
import { releaseKillSwitch } from "../kill-switches/release.ts";

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
  { facts, projectId, button }: ButtonPress,
  actor: string,
): Promise<PressResult> {
  if (button.name === "lift" && facts.kind === "kill_switch.triggered") {
    const { killSwitchId } = facts.details;
    const input = { projectId, killSwitchId, reason: "released from Slack" };
    const isReleased = await releaseKillSwitch(context, input, actor);
    return isReleased
      ? { outcome: "done", words: "Released" }
      : { outcome: "already", words: "It was released before", actor: undefined };
  }
  return { outcome: "refused", problem: "This alert has no such button." };
}
