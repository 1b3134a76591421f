import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claimDue, CLAIM_MS } from "#lib/server/alerts/outbox.ts";
import { alertDeliveries } from "#lib/server/db/schema/alert-deliveries.ts";
import { alertEvents } from "#lib/server/db/schema/alert-events.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { removeAlertChannel } from "#lib/server/services/alerts/remove-channel.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { DEFAULT_ORGANIZATION_ID } from "#lib/server/services/organizations/default.ts";
import { createUser } from "../support/users.ts";
import { createAlertRig, thresholdReached, type AlertRig } from "../support/alert-rig.ts";

let rig: AlertRig;

beforeAll(async () => {
  rig = await createAlertRig();
});
beforeEach(() => rig.reset());
afterAll(() => rig.close());

const POLL = { interval: 20 };
const stateOf = async (id: string): Promise<string | undefined> => (await rig.delivery(id))?.state;

test("the same thing is told once, whoever notices it again", async () => {
  await rig.slackChannel();
  const records = Array.from({ length: 8 }, () => rig.record(thresholdReached("budget_1 90")));
  const [id, ...others] = (await Promise.all(records)).flat();
  expect(others).toEqual([]);
  rig.job();
  await expect.poll(() => stateOf(String(id)), POLL).toBe("delivered");
  expect(rig.slack.postings).toHaveLength(1);
});

test("an alert is written with its change or not at all", async () => {
  await rig.slackChannel();
  const stop = { projectId: "nowhere", scope: {}, reason: "an agent loops" };
  await expect(triggerKillSwitch(rig.context, stop, "ann")).rejects.toThrow(/kill_switches/);
  expect(await rig.context.db.$count(alertEvents)).toBe(0);
  await triggerKillSwitch(rig.context, { ...stop, projectId: "shop" }, "ann");
  expect(await rig.context.db.$count(alertEvents)).toBe(1);
  expect(await rig.context.db.$count(alertDeliveries)).toBe(1);
});

test("who has stopped calls is named by his address, in messages only", async () => {
  const { context } = rig;
  await rig.slackChannel();
  await createUser(context, { id: "ann" });
  const organizationId = DEFAULT_ORGANIZATION_ID;
  const member = { id: "m-ann", organizationId, userId: "ann", role: "owner" as const };
  await context.db.insert(members).values({ ...member, createdAt: context.now() });
  const stop = { projectId: "shop", scope: {}, reason: "an agent loops" };
  await triggerKillSwitch(context, stop, "user:ann");
  await triggerKillSwitch(context, stop, "user:gone");
  rig.job();
  await expect.poll(() => rig.slack.postings.length, POLL).toBe(2);
  const messages = rig.slack.postings.map(({ blocks }) => JSON.stringify(blocks));
  expect(messages.filter((text) => text.includes("*By*\\nann@example.com"))).toHaveLength(1);
  expect(messages.filter((text) => text.includes("*By*\\nuser:gone"))).toHaveLength(1);
  const [event] = await context.db.select().from(alertEvents);
  expect(JSON.stringify(event)).not.toContain("@example.com");
});

test("a channel hears of the kinds it wants, from a severity on, and what another one tells reaches nobody by itself", async () => {
  await rig.slackChannel({ kinds: ["kill_switch.triggered"] });
  await rig.slackChannel({ minimumSeverity: "critical" });
  await rig.record(thresholdReached("a"), { ...thresholdReached("b"), toldBy: "a" });
  expect(await rig.context.db.$count(alertDeliveries)).toBe(0);
  const [id] = await rig.record(thresholdReached("c", { severity: "critical" }));
  expect(await rig.context.db.$count(alertDeliveries)).toBe(1);
  expect(await rig.record({ ...thresholdReached("b") })).toEqual([]);
  expect(await stateOf(String(id))).toBe("waiting");
});

test("Retry-After holds back every alert of the channel, and none is lost", async () => {
  await rig.slackChannel();
  rig.slack.troubles.push({ status: 429, headers: { "retry-after": "30" } });
  const ids = await rig.record(thresholdReached("a"), thresholdReached("b"));
  const job = rig.job();
  // Slack has answered, and its answer is written down.
  const refused = async (): Promise<number> =>
    (await Promise.all(ids.map((id) => rig.delivery(id)))).filter((row) => row?.lastError).length;
  await expect.poll(refused, POLL).toBe(1);
  rig.advance(29_000);
  job.wake();
  expect(rig.slack.calls("chat.postMessage")).toBe(1);
  rig.advance(1000);
  job.wake();
  await expect.poll(() => Promise.all(ids.map(stateOf)), POLL).toEqual(["delivered", "delivered"]);
  expect(rig.slack.calls("chat.postMessage")).toBe(3);
});

test.each([
  ["a 500", { status: 500, body: "oops" }, "Slack answers with status 500"],
  [
    "a page of HTML",
    { status: 200, body: "<html>maintenance</html>" },
    "what answers is not Slack",
  ],
  ["silence", "silence", "Slack did not answer"],
  ["a cut connection", "cut", "Slack did not answer"],
  [
    "a refusal",
    { status: 200, body: `{"ok":false,"error":"not_in_channel"}` },
    "Slack refuses the message: not_in_channel",
  ],
] as const)("%s is tried again until it works", async (_, trouble, reason) => {
  await rig.slackChannel();
  rig.slack.troubles.push(trouble);
  const [id = ""] = await rig.record(thresholdReached("a"));
  const job = rig.job();
  await expect.poll(async () => (await rig.delivery(id))?.lastError, POLL).toBe(reason);
  expect((await rig.delivery(id))?.nextAttemptAt.getTime()).toBe(
    rig.context.now().getTime() + 2000,
  );
  rig.advance(2000);
  job.wake();
  await expect.poll(() => stateOf(id), POLL).toBe("delivered");
  expect(rig.slack.postings).toHaveLength(1);
});

test("one message that Slack refuses does not hold up the others", async () => {
  await rig.slackChannel();
  const refusal = { status: 200, body: `{"ok":false,"error":"invalid_blocks"}` };
  rig.slack.troubles.push(refusal);
  const ids = await rig.record(thresholdReached("a"), thresholdReached("b"));
  rig.job();
  await expect
    .poll(async () => new Set(await Promise.all(ids.map(stateOf))), POLL)
    .toEqual(new Set(["delivered", "waiting"]));
});

test("a message whose answer was lost is looked for before it is sent again", async () => {
  await rig.slackChannel();
  rig.slack.troubles.push("late");
  const [id = ""] = await rig.record(thresholdReached("a"));
  const job = rig.job();
  await expect
    .poll(async () => (await rig.delivery(id))?.lastError, POLL)
    .toBe("Slack did not answer");
  rig.advance(60_000);
  job.wake();
  await expect.poll(() => stateOf(id), POLL).toBe("delivered");
  expect(rig.slack.postings).toHaveLength(1);
  expect((await rig.delivery(id))?.receiptId).toBe(rig.slack.postings[0]?.ts);
});

test("without the right to look, it is sent again and says so", async () => {
  await rig.slackChannel();
  rig.slack.mayReadHistory = false;
  rig.slack.troubles.push("late");
  const [id = ""] = await rig.record(thresholdReached("a"));
  const job = rig.job();
  await expect
    .poll(async () => (await rig.delivery(id))?.lastError, POLL)
    .toBe("Slack did not answer");
  rig.advance(60_000);
  job.wake();
  await expect.poll(() => stateOf(id), POLL).toBe("delivered");
  const [first, second] = rig.slack.postings;
  expect(second?.metadata).toEqual(first?.metadata);
  expect(JSON.stringify(first?.blocks)).not.toContain("sent again");
  expect(JSON.stringify(second?.blocks)).toContain("sent again");
});

test("two consoles at once send each alert once", async () => {
  await rig.slackChannel();
  await rig.slackChannel({ slackChannel: "C0OTHER111" });
  const occurrences = Array.from({ length: 30 }, (_, index) => thresholdReached(`budget ${index}`));
  await rig.record(...occurrences);
  rig.job();
  rig.job();
  await expect.poll(() => rig.slack.postings.length, POLL).toBe(60);
  const told = rig.slack.postings.map(
    ({ channel, metadata }) => `${channel} ${metadata.event_payload.alert_id}`,
  );
  expect(new Set(told).size).toBe(60);
  expect(rig.slack.calls("chat.postMessage")).toBe(60);
});

test("what a console had in hand when it died is sent by the next one, once", async () => {
  await rig.slackChannel();
  const [id = ""] = await rig.record(thresholdReached("a"));
  // The console dies between Slack's taking the message and writing that down.
  const [claimed] = await claimDue(rig.context.db, rig.context.now());
  expect(claimed?.eventId).toBe(id);
  rig.slack.postings.push({
    ts: "1700000000.000100",
    channel: "C024BE91L",
    text: "",
    blocks: [],
    metadata: { event_type: "lensai_alert", event_payload: { alert_id: id } },
  });
  rig.advance(CLAIM_MS);
  rig.job();
  await expect.poll(() => stateOf(id), POLL).toBe("delivered");
  expect(rig.slack.postings).toHaveLength(1);
  expect((await rig.delivery(id))?.attempts).toBe(2);
});

test("a day of failures is the end, and the alert says why", async () => {
  await rig.slackChannel();
  const [id = ""] = await rig.record(thresholdReached("a"));
  rig.slack.troubles.push(...Array.from({ length: 10 }, () => ({ status: 500 })));
  const job = rig.job();
  await expect.poll(async () => (await rig.delivery(id))?.attempts, POLL).toBe(1);
  await expect.poll(async () => (await rig.delivery(id))?.lastError, POLL).not.toBeNull();
  rig.advance(86_400_000);
  job.wake();
  await expect.poll(() => stateOf(id), POLL).toBe("given_up");
  expect((await rig.delivery(id))?.lastError).toBe("Slack answers with status 500");
});

test("nothing goes to a channel that was removed", async () => {
  const channelId = await rig.slackChannel();
  const [id = ""] = await rig.record(thresholdReached("a"));
  expect(await removeAlertChannel(rig.context, { projectId: "other", channelId }, "ann")).toBe(
    false,
  );
  expect(await removeAlertChannel(rig.context, { projectId: "shop", channelId }, "ann")).toBe(true);
  const job = rig.job();
  await job.stop();
  expect(await stateOf(id)).toBe("given_up");
  expect(rig.slack.postings).toEqual([]);
});

test("stopping waits for the attempt under way", async () => {
  await rig.slackChannel();
  const [id = ""] = await rig.record(thresholdReached("a"));
  const begun = Promise.withResolvers<void>();
  const job = rig.job(async (delivery, signal) => {
    begun.resolve();
    return rig.sendToSlack(delivery, signal);
  });
  await begun.promise;
  await job.stop();
  expect(await stateOf(id)).toBe("delivered");
});
