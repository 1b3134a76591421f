import type { KnownBlock } from "@slack/web-api";
import { formatMoney } from "#lib/format/money.ts";
import { alertWords } from "../alert-words.ts";
import type { Delivery } from "../delivery.ts";
import { buttonsOf, RAISE_PERCENTS, raisedBy, SLACK_ACTIONS, type ButtonSet } from "./buttons.ts";

export interface SlackMessage {
  /** What notifications and screen readers show. */
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export interface SlackMessageOptions {
  readonly event: Delivery["event"];
  readonly channel: Pick<Delivery["channel"], "id" | "config">;
  /** The page that shows more. */
  readonly url: string;
  /** What was done about it, in mrkdwn: takes the place of the buttons. */
  readonly done?: string | undefined;
  /** An attempt before this one may have arrived, and Slack does not say whether. */
  readonly isRepeated?: boolean;
}

/** Slack's limits are 150 characters for a header and 3000 for a section. */
const HEADER_CHARACTERS_MAX = 150;
const BAR_CELLS = 20;
const SEVERITY_MARKS = { info: "🔵", warning: "🟠", critical: "🔴" } as const;

/** An alert as Block Kit: title, text, a bar, the figures, and the buttons that the channel has. */
export function slackMessage(options: SlackMessageOptions): SlackMessage {
  const { event, url, done, isRepeated } = options;
  const { title, text, facts, share } = alertWords(event);
  const notes = [
    event.projectName,
    ...(isRepeated === true ? ["sent again: Slack did not answer before"] : []),
  ];
  const blocks: KnownBlock[] = [
    {
      type: "header",
      text: {
        type: "plain_text",
        text: clipped(`${SEVERITY_MARKS[event.severity]} ${title}`, HEADER_CHARACTERS_MAX),
      },
    },
    {
      type: "section",
      text: {
        type: "mrkdwn",
        text:
          share === undefined
            ? escaped(text)
            : `${escaped(text)}\n\`${bar(share)}\` ${percentOf(share)}`,
      },
    },
    ...(facts.length === 0 ? [] : [factBlock(facts)]),
    ...(done === undefined ? actionBlocks(options) : [contextBlock(done)]),
    contextBlock(notes.map(escaped).join(" · ")),
  ];
  return {
    text: escaped(`${event.projectName}: ${title} ${url}`),
    blocks,
  };
}

const factBlock = (facts: readonly (readonly [string, string])[]): KnownBlock => ({
  type: "section",
  fields: facts.map(([label, value]) => ({
    type: "mrkdwn",
    text: `*${escaped(label)}*\n${escaped(value)}`,
  })),
});

const contextBlock = (text: string): KnownBlock => ({
  type: "context",
  elements: [{ type: "mrkdwn", text }],
});

function actionBlocks({ event, channel, url }: SlackMessageOptions): KnownBlock[] {
  const { config } = channel;
  const set: ButtonSet =
    config.type === "slack" && config.hasButtons
      ? buttonsOf(event)
      : { lift: undefined, raise: undefined };
  const elements = [
    ...(set.lift === undefined ? [] : [liftButton(event.id, set.lift)]),
    ...(set.raise === undefined ? [] : [raiseSelect(event.id, set.raise)]),
    openButton(url),
  ];
  return [{ type: "actions", block_id: channel.id, elements }];
}

function liftButton(eventId: string, { label, consequence }: NonNullable<ButtonSet["lift"]>) {
  return {
    type: "button",
    action_id: SLACK_ACTIONS.lift,
    text: { type: "plain_text", text: label },
    style: "danger",
    value: eventId,
    confirm: confirmation(`${label}?`, consequence, label),
  } as const;
}

function raiseSelect(eventId: string, { limitNanoUsd }: NonNullable<ButtonSet["raise"]>) {
  return {
    type: "static_select",
    action_id: SLACK_ACTIONS.raise,
    placeholder: { type: "plain_text", text: "Raise for an hour" },
    options: RAISE_PERCENTS.map((percent) => ({
      text: {
        type: "plain_text" as const,
        text: `by ${formatMoney(raisedBy(limitNanoUsd, percent))} (${percent} %)`,
      },
      value: `${eventId} ${percent}`,
    })),
    confirm: confirmation(
      "Raise the budget?",
      "For one hour from now the budget has that much more. Once per alert.",
      "Raise",
    ),
  } as const;
}

const openButton = (url: string) =>
  ({
    type: "button",
    action_id: SLACK_ACTIONS.open,
    text: { type: "plain_text", text: "Open" },
    url,
  }) as const;

const confirmation = (title: string, text: string, confirm: string) => ({
  title: { type: "plain_text" as const, text: title },
  text: { type: "plain_text" as const, text },
  confirm: { type: "plain_text" as const, text: confirm },
  deny: { type: "plain_text" as const, text: "Cancel" },
});

/** "██████████░░░░░░░░░░": whole cells only, and the last one only when all is spent. */
function bar(share: number): string {
  const filled = Math.min(BAR_CELLS, Math.floor(Math.max(0, share) * BAR_CELLS));
  return "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
}

const percentOf = (share: number): string => `${Math.floor(share * 100)} %`;

/** The three characters that mrkdwn gives a meaning in links and mentions ("<!channel>"). */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const clipped = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;
