import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { answerInTime } from "#lib/server/alerts/slack/answer-in-time.ts";
import {
  handleInteraction,
  type InteractionAnswer,
} from "#lib/server/alerts/slack/handle-interaction.ts";
import { replyToSlack } from "#lib/server/alerts/slack/reply.ts";
import type { SlackRequest } from "#lib/server/alerts/slack/verify-request.ts";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { isDatabaseGone } from "#lib/server/db/database-gone.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import type { AlertContext } from "#lib/server/services/alerts/context.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { findBudget } from "#lib/server/services/budgets/list.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { activeKillSwitches } from "#lib/server/services/kill-switches/list.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import {
  CONSOLE_URL,
  createAlertRig,
  SIGNING_SECRET,
  SLACK_CHANNEL,
  thresholdReached,
  type AlertRig,
} from "../support/alert-rig.ts";
import { asOwner } from "../support/database.ts";
import { startHangingProxy, type HangingProxy } from "../support/hanging-proxy.ts";
import type { SlackPosting } from "../support/slack-server.ts";

let rig: AlertRig;

beforeAll(async () => {
  rig = await createAlertRig();
});
beforeEach(async () => {
  await rig.reset();
  await asOwner(rig.context.db, (transaction) =>
    transaction.execute("truncate kill_switches, slack_interactions"),
  );
});
afterAll(() => rig.close());

const POLL = { interval: 20 };

/** A message about a switch that is on, as it arrived in Slack. */
async function stopMessage(channel: object = {}): Promise<SlackPosting> {
  await rig.slackChannel(channel);
  const stop = { projectId: "shop", scope: { team: "support" }, reason: "an agent loops" };
  await triggerKillSwitch(rig.context, stop, "ann");
  rig.job();
  await expect.poll(() => rig.slack.postings.length, POLL).toBe(1);
  const [posting] = rig.slack.postings;
  if (posting === undefined) throw new Error("nothing was posted");
  // The receipt is written after Slack's answer.
  await expect
    .poll(async () => (await rig.delivery(posting.metadata.event_payload.alert_id))?.state, POLL)
    .toBe("delivered");
  return posting;
}

interface PressValues {
  readonly user?: object;
  readonly slackChannel?: string;
  readonly ts?: string;
  readonly actionId?: string;
  readonly value?: string;
  readonly responseUrl?: string;
  /** Of a list. */
  readonly selected?: string;
}

/** What Slack sends when a button of a message is pressed. */
function bodyOf(posting: SlackPosting, values: PressValues = {}): string {
  const { selected, user, slackChannel, ts, actionId, value, responseUrl } = {
    selected: undefined,
    user: { id: "U061F7AUR", team_id: "T01" },
    slackChannel: SLACK_CHANNEL,
    ts: posting.ts,
    actionId: "lensai.lift",
    value: posting.metadata.event_payload.alert_id,
    responseUrl: `${rig.slack.url}/response`,
    ...values,
  };
  const block = posting.blocks.find(({ type }) => type === "actions");
  const payload = {
    type: "block_actions",
    team: { id: "T01", domain: "example" },
    user,
    channel: { id: slackChannel },
    container: { type: "message", message_ts: ts },
    response_url: responseUrl,
    actions: [
      {
        action_id: actionId,
        block_id: block?.block_id,
        ...(selected === undefined ? { value } : { selected_option: { value: selected } }),
      },
    ],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

function signed(body: string, { secret = SIGNING_SECRET, ageSeconds = 0 } = {}): SlackRequest {
  const timestamp = String(Math.floor(rig.context.now().getTime() / 1000) - ageSeconds);
  const mac = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  return { timestamp, signature: `v0=${mac}`, body };
}

const interact = (request: SlackRequest): Promise<InteractionAnswer> =>
  handleInteraction({ context: rig.context, urlOf: () => CONSOLE_URL }, request);
const stopped = async (): Promise<number> =>
  (await activeKillSwitches(rig.context.db, "shop")).length;

test("a pressed button releases the switch, and the log and the message say who", async () => {
  const posting = await stopMessage();
  const answer = await interact(signed(bodyOf(posting)));
  expect(answer.status).toBe(200);
  expect(await stopped()).toBe(0);
  const entries = await rig.context.db.select().from(auditEntries);
  expect(entries.at(-1)).toMatchObject({
    action: "kill_switch.release",
    actor: "slack:T01/U061F7AUR",
  });
  if (answer.status !== 200 || answer.reply === undefined) throw new Error("no reply");
  await replyToSlack(answer.reply, rig.slack.apiUrl);
  const [reply] = rig.slack.replies;
  expect(reply?.replace_original).toBe(true);
  expect(JSON.stringify(reply?.blocks)).toContain("Released by <@U061F7AUR>");
  expect(reply?.blocks?.some(({ type }) => type === "actions")).toBe(false);
});

test("a second press changes nothing and says who was first", async () => {
  const posting = await stopMessage();
  await interact(signed(bodyOf(posting)));
  const entries = await rig.context.db.$count(auditEntries);
  rig.advance(2000);
  const again = await interact(
    signed(bodyOf(posting, { user: { id: "U0SECOND", team_id: "T01" } })),
  );
  expect(JSON.stringify(again)).toContain("This was done before by <@U061F7AUR>");
  expect(await rig.context.db.$count(auditEntries)).toBe(entries);
});

test("two presses in the same moment release once", async () => {
  const posting = await stopMessage();
  const entries = await rig.context.db.$count(auditEntries);
  const people = ["U0ANN", "U0BOB", "U0CID"].map((id) => ({ id, team_id: "T01" }));
  await Promise.all(people.map((user) => interact(signed(bodyOf(posting, { user })))));
  expect(await stopped()).toBe(0);
  expect(await rig.context.db.$count(auditEntries)).toBe(entries + 1);
});

test.each<[string, (body: string) => SlackRequest]>([
  ["another secret", (body) => signed(body, { secret: "0".repeat(32) })],
  ["no signature", (body) => ({ ...signed(body), signature: null })],
  ["no time", (body) => ({ ...signed(body), timestamp: null })],
  [
    "a body that was changed",
    (body) => ({ ...signed(body), body: body.replace("U061F7AUR", "U0FORGED1") }),
  ],
  ["another time", (body) => ({ ...signed(body), timestamp: "1700000000" })],
  ["a time six minutes ago", (body) => signed(body, { ageSeconds: 360 })],
  ["a time six minutes ahead", (body) => signed(body, { ageSeconds: -360 })],
  ["a signature of another length", (body) => ({ ...signed(body), signature: "v0=abc" })],
  [
    "a signature in capitals",
    (body) => ({ ...signed(body), signature: signed(body).signature?.toUpperCase() ?? "" }),
  ],
])("a request with %s is refused", async (_, request) => {
  const posting = await stopMessage();
  expect(await interact(request(bodyOf(posting)))).toEqual({ status: 401 });
  expect(await stopped()).toBe(1);
});

test("the same request a second time is refused", async () => {
  const posting = await stopMessage();
  const request = signed(bodyOf(posting, { actionId: "lensai.open" }));
  expect((await interact(request)).status).toBe(200);
  expect((await interact(request)).status).toBe(401);
});

test.each([
  ["nothing", ""],
  ["no form", "{}"],
  ["no JSON", "payload=%7B"],
  ["another kind of interaction", `payload=${encodeURIComponent(`{"type":"view_submission"}`)}`],
])("a body that is %s is refused like a forged one", async (_, body) => {
  await rig.slackChannel();
  expect(await interact(signed(body))).toEqual({ status: 401 });
});

interface Refusal {
  readonly channel?: object;
  readonly press?: PressValues;
  readonly words: RegExp;
}

test.each<[string, Refusal]>([
  ["buttons are switched off", { channel: { hasButtons: false }, words: /switched off/ }],
  ["somebody else is named", { channel: { buttonUsers: "U0SOMEONE" }, words: /not among those/ }],
  [
    "the person is of another workspace",
    { press: { user: { id: "U0GUEST", team_id: "T99" } }, words: /other workspaces/ },
  ],
  ["the channel is another one", { press: { slackChannel: "C0OTHER99" }, words: /any more/ }],
  ["the message is another one", { press: { ts: "1600000000.1" }, words: /does not know/ }],
  ["the alert is another one", { press: { value: "alert_other" }, words: /does not know/ }],
])("nothing happens when %s", async (_, { channel = {}, press = {}, words }) => {
  const posting = await stopMessage(channel);
  const answer = await interact(signed(bodyOf(posting, press)));
  expect(answer).toMatchObject({ status: 200, reply: { body: { response_type: "ephemeral" } } });
  expect(JSON.stringify(answer)).toMatch(words);
  expect(await stopped()).toBe(1);
});

test("somebody who is named may press, also from another workspace", async () => {
  const posting = await stopMessage({ buttonUsers: "U0GUEST" });
  await interact(signed(bodyOf(posting, { user: { id: "U0GUEST", team_id: "T99" } })));
  expect(await stopped()).toBe(0);
});

test("nothing is told to an address that is not Slack's", async () => {
  const posting = await stopMessage();
  const answer = await interact(
    signed(bodyOf(posting, { responseUrl: "http://169.254.169.254/latest" })),
  );
  if (answer.status !== 200 || answer.reply === undefined) throw new Error("no reply");
  // Would wait for an answer of that address, and log that none came.
  await replyToSlack(answer.reply, rig.slack.apiUrl);
  expect(rig.slack.replies).toEqual([]);
});

const pressAgain = async (posting: SlackPosting): Promise<void> => {
  rig.advance(1000);
  await interact(signed(bodyOf(posting)));
  expect(await stopped()).toBe(0);
};

describe("while the database says nothing", () => {
  const TIMEOUT_SECONDS = 0.5;
  let proxy: HangingProxy;
  let silent: DatabaseClient;

  beforeAll(async () => {
    proxy = await startHangingProxy(rig.url);
    silent = openDatabase(proxy.url, {
      answerTimeoutSeconds: TIMEOUT_SECONDS,
      connectTimeoutSeconds: TIMEOUT_SECONDS,
    });
  });
  beforeEach(async () => {
    proxy.forward();
    await vi.waitFor(async () => await silent.db.execute("select 1"));
  });
  afterAll(async () => {
    await silent.close();
    await proxy.close();
  });

  const pressSilently = (
    posting: SlackPosting,
    parts: Partial<AlertContext> = {},
    signal = new AbortController().signal,
  ): Promise<InteractionAnswer> => {
    const context = { ...rig.context, db: silent.db, ...parts };
    const options = { context, urlOf: () => CONSOLE_URL, signal };
    return handleInteraction(options, signed(bodyOf(posting)));
  };
  test("Slack is answered in time, and nothing is changed later", async () => {
    const posting = await stopMessage();
    proxy.hang();
    const ended = Promise.withResolvers<unknown>();
    let hasEnded = false;
    const work = (signal: AbortSignal): Promise<200 | 401> => {
      const answer = pressSilently(posting, {}, signal).finally(() => (hasEnded = true));
      answer.then(ended.resolve, ended.resolve);
      return answer.then(({ status }) => status);
    };
    expect(await answerInTime(work, (TIMEOUT_SECONDS * 1000) / 4)).toBe(503);
    expect(hasEnded).toBe(false);
    expect(isDatabaseGone(await ended.promise)).toBe(true);
    expect(await answerInTime(work)).toBe(503);
    expect(await stopped()).toBe(1);
    await pressAgain(posting);
  });

  test("what takes too long is not begun after Slack was answered", async () => {
    const posting = await stopMessage();
    const answer = await pressSilently(posting, {}, AbortSignal.abort());
    expect(JSON.stringify(answer)).toContain("Nothing was changed");
    expect(await stopped()).toBe(1);
    await pressAgain(posting);
  });

  test.each([
    [1, /Nothing was changed/],
    [2, /stopped to answer/],
  ])("whoever pressed is told, when it begins after look %i at the clock", async (look, words) => {
    const posting = await stopMessage();
    let looks = 0;
    const now = (): Date => {
      looks += 1;
      if (looks === look) proxy.hang();
      return rig.context.now();
    };
    const answer = await pressSilently(posting, { now });
    expect(answer).toMatchObject({ status: 200, reply: { body: { response_type: "ephemeral" } } });
    expect(JSON.stringify(answer)).toMatch(words);
    expect(await stopped()).toBe(1);
    proxy.forward();
    await pressAgain(posting);
  });
});

const budgetOf = (budgetId: string) =>
  findBudget(rig.context.db, { projectId: "shop", budgetId, at: rig.context.now() });

describe("an alert of a budget", () => {
  const terms = { projectId: "shop", limitNanoUsd: "100000000000", mode: "enforce" } as const;

  /** A budget of $100 and the message that $90.50 of it is spent. */
  async function budgetMessage(): Promise<{ posting: SlackPosting; budgetId: string }> {
    await rig.slackChannel();
    const name = `Support ${rig.context.now().getTime()} ${randomUUID()}`;
    const created = await createBudget(
      rig.context,
      createBudgetSchema.parse({ ...terms, name }),
      "ann",
    );
    if (created.kind !== "created") throw new Error(created.kind);
    const budgetId = created.budget.id;
    const occurrence = thresholdReached(budgetId);
    await rig.record({ ...occurrence, details: { ...occurrence.details, budgetId } } as never);
    rig.job();
    await expect.poll(() => rig.slack.postings.length, POLL).toBe(1);
    const [posting] = rig.slack.postings;
    const id = posting?.metadata.event_payload.alert_id ?? "";
    await expect.poll(async () => (await rig.delivery(id))?.state, POLL).toBe("delivered");
    return { posting: posting as SlackPosting, budgetId };
  }
  test("raises it for an hour, once", async () => {
    const { posting, budgetId } = await budgetMessage();
    const eventId = posting.metadata.event_payload.alert_id;
    const press = { actionId: "lensai.raise", selected: `${eventId} 25` };
    const answer = await interact(signed(bodyOf(posting, press)));
    expect(JSON.stringify(answer)).toContain("Raised by $25.00 to $125.00 for an hour");
    rig.advance(1000);
    expect(JSON.stringify(await interact(signed(bodyOf(posting, press))))).toContain("done before");
    const budget = await budgetOf(budgetId);
    expect(budget?.overrides).toMatchObject([
      { limitNanoUsd: 125_000_000_000n, createdBy: "slack:T01/U061F7AUR" },
    ]);
    const [override] = budget?.overrides ?? [];
    expect(Number(override?.endsAt) - Number(override?.startsAt)).toBe(3_600_000);
  });

  test("sets it to observe", async () => {
    const { posting, budgetId } = await budgetMessage();
    const answer = await interact(signed(bodyOf(posting)));
    expect(JSON.stringify(answer)).toContain("Set to observe only");
    expect((await budgetOf(budgetId))?.mode).toBe("observe");
  });

  test.each(["0", "26", "1000", "", "25x"])("raises it by no %j percent", async (percent) => {
    const { posting, budgetId } = await budgetMessage();
    const eventId = posting.metadata.event_payload.alert_id;
    const press = { actionId: "lensai.raise", selected: `${eventId} ${percent}` };
    expect(await interact(signed(bodyOf(posting, press)))).toEqual({ status: 401 });
    expect((await budgetOf(budgetId))?.overrides).toEqual([]);
  });

  test("of a budget that is gone says so, and may be pressed again", async () => {
    const { posting } = await budgetMessage();
    await rig.context.db.execute("update budgets set deleted_at = now()");
    const answer = await interact(signed(bodyOf(posting)));
    expect(JSON.stringify(answer)).toContain("no such budget any more");
    await rig.context.db.execute("update budgets set deleted_at = null");
    rig.advance(1000);
    expect(JSON.stringify(await interact(signed(bodyOf(posting))))).toContain("Set to observe");
  });
});
