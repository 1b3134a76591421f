import { z } from "zod";
import { RAISE_PERCENTS, SLACK_ACTIONS } from "./buttons.ts";

const id = z.string().min(1).max(64);

/** What we read of the payload of a pressed button: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
const blockActionsSchema = z.object({
  type: z.literal("block_actions"),
  team: z.object({ id }).nullish(),
  user: z.object({ id, team_id: id.nullish() }),
  channel: z.object({ id }),
  container: z.object({ message_ts: z.string().max(64) }),
  response_url: z.url({ protocol: /^https?$/ }),
  actions: z
    .array(
      z.object({
        action_id: z.string(),
        block_id: id,
        value: z.string().max(200).optional(),
        selected_option: z.object({ value: z.string().max(200) }).nullish(),
      }),
    )
    .min(1),
});

/** A pressed button. Nothing of it is proven before the signature is: it says which secret that is checked with. */
export interface SlackPress {
  readonly channelId: string;
  readonly slackChannel: string;
  readonly messageTs: string;
  readonly teamId: string;
  readonly userId: string;
  /** Of another workspace, in a channel that is shared with it. */
  readonly isStranger: boolean;
  readonly responseUrl: string;
  readonly button: SlackButton;
}

export type SlackButton =
  | { readonly name: "open" }
  | { readonly name: "lift"; readonly eventId: string }
  | { readonly name: "raise"; readonly eventId: string; readonly percent: number };

/** Undefined unless the body is the form of a button of ours. */
export function parseInteraction(body: string): SlackPress | undefined {
  const payload = blockActionsSchema.safeParse(parsedPayload(body)).data;
  const action = payload?.actions[0];
  if (payload === undefined || action === undefined) return undefined;
  const button = buttonOf(action);
  if (button === undefined) return undefined;
  const teamId = payload.team?.id ?? payload.user.team_id ?? "";
  return {
    channelId: action.block_id,
    slackChannel: payload.channel.id,
    messageTs: payload.container.message_ts,
    teamId,
    userId: payload.user.id,
    isStranger: (payload.user.team_id ?? teamId) !== teamId,
    responseUrl: payload.response_url,
    button,
  };
}

function parsedPayload(body: string): unknown {
  try {
    return JSON.parse(new URLSearchParams(body).get("payload") ?? "");
  } catch {
    return undefined;
  }
}

type BlockAction = z.infer<typeof blockActionsSchema>["actions"][number];

function buttonOf({ action_id, value, selected_option }: BlockAction): SlackButton | undefined {
  switch (action_id) {
    case SLACK_ACTIONS.open:
      return { name: "open" };
    case SLACK_ACTIONS.lift:
      return value === undefined ? undefined : { name: "lift", eventId: value };
    case SLACK_ACTIONS.raise: {
      const [eventId = "", percentText] = (selected_option?.value ?? "").split(" ");
      const percent = RAISE_PERCENTS.find((one) => String(one) === percentText);
      return percent === undefined ? undefined : { name: "raise", eventId, percent };
    }
    default:
      return undefined;
  }
}
