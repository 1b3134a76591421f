import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEmailSender } from "#lib/server/alerts/email/send.ts";
import { sendTest } from "#lib/server/alerts/send-test.ts";
import { alertChannels } from "#lib/server/db/schema/alert-channels.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { createMailer } from "#lib/server/mail/mailer.ts";
import { createSecretBox } from "#lib/server/secrets/secret-box.ts";
import { parseSecretsKey, secretsKey } from "#lib/server/secrets/secrets-key.ts";
import { openChannelSecret } from "#lib/server/services/alerts/channel-secret.ts";
import { createAlertChannel } from "#lib/server/services/alerts/create-channel.ts";
import { listAlertChannels, newestAlerts } from "#lib/server/services/alerts/list.ts";
import { removeAlertChannel } from "#lib/server/services/alerts/remove-channel.ts";
import { createChannelSchema, updateChannelSchema } from "#lib/server/services/alerts/schemas.ts";
import { updateAlertChannel } from "#lib/server/services/alerts/update-channel.ts";
import { createAlertRig, SIGNING_SECRET, type AlertRig } from "../support/alert-rig.ts";
import { startMailServer } from "../support/mail-server.ts";

let rig: AlertRig;

beforeAll(async () => {
  rig = await createAlertRig();
});
beforeEach(() => rig.reset());
afterAll(() => rig.close());

const common = {
  projectId: "shop",
  name: "on call",
  kinds: ["budget.exceeded"],
  minimumSeverity: "info",
};
const slack = {
  ...common,
  type: "slack",
  slackChannel: "C024BE91L",
  botToken: "xoxb-0000000000-secret",
  signingSecret: SIGNING_SECRET,
  hasButtons: true,
};
const webhook = { ...common, type: "webhook", url: "https://hooks.example.com/T00/very-secret" };
const email = { ...common, type: "email", addresses: "ada@example.com, bob@example.com" };

const create = (input: object) =>
  createAlertChannel(rig.context, createChannelSchema.parse(input), "ann");
const update = (input: object) =>
  updateAlertChannel(rig.context, updateChannelSchema.parse(input), "bob");

async function rowOf(id: string): Promise<typeof alertChannels.$inferSelect> {
  const [row] = await rig.context.db.select().from(alertChannels).where(eq(alertChannels.id, id));
  if (row === undefined) throw new Error("no such channel");
  return row;
}

test("secrets are sealed, and in neither the list nor the audit log", async () => {
  await create(slack);
  const { webhookSecret } = await create(webhook);
  await create(email);
  expect(webhookSecret).toMatch(/^whsec_[\w+/]{43}=$/);
  const { db } = rig.context;
  const stored = JSON.stringify(await db.select().from(alertChannels));
  const shown = JSON.stringify(await listAlertChannels(db, "shop"));
  const audited = JSON.stringify(await db.select().from(auditEntries));
  for (const secret of [
    "xoxb-0000000000-secret",
    SIGNING_SECRET,
    "very-secret",
    String(webhookSecret),
  ]) {
    for (const text of [stored, shown, audited]) expect(text).not.toContain(secret);
  }
  expect(shown).toContain("https://hooks.example.com");
  expect(audited).not.toContain("ada@example.com");
});

test("a change keeps what it leaves out, and the second of two at once is told", async () => {
  const { id } = await create(slack);
  const change = {
    ...slack,
    botToken: "",
    signingSecret: "",
    name: "night",
    channelId: id,
    version: 1,
  };
  expect(await update(change)).toEqual({ outcome: "updated", version: 2 });
  expect(await update(change)).toEqual({ outcome: "conflict", version: 2 });
  expect(openChannelSecret(rig.context.secrets, await rowOf(id))).toEqual({
    botToken: slack.botToken,
    signingSecret: SIGNING_SECRET,
  });
  const renewed = { ...change, botToken: "xoxb-1111111111-renewed", version: 2 };
  expect(await update(renewed)).toEqual({ outcome: "updated", version: 3 });
  expect(openChannelSecret(rig.context.secrets, await rowOf(id))).toEqual({
    botToken: "xoxb-1111111111-renewed",
    signingSecret: SIGNING_SECRET,
  });
  expect(await update({ ...renewed, projectId: "other" })).toEqual({ outcome: "unknown" });
  expect(await update({ ...email, channelId: id, version: 3 })).toMatchObject({
    outcome: "refused",
  });
});

test("buttons need a signing secret, also when they come later", async () => {
  const { id } = await create({ ...slack, hasButtons: false, signingSecret: "" });
  const change = { ...slack, botToken: "", signingSecret: "", channelId: id, version: 1 };
  expect(await update(change)).toMatchObject({ outcome: "refused" });
  expect(await update({ ...change, signingSecret: SIGNING_SECRET })).toMatchObject({
    outcome: "updated",
  });
});

test("a webhook keeps the secret that its signatures are made with when its URL changes", async () => {
  const { id, webhookSecret } = await create(webhook);
  const change = { ...webhook, url: "https://other.example.com/x", channelId: id, version: 1 };
  expect(await update(change)).toMatchObject({ outcome: "updated" });
  const row = await rowOf(id);
  expect(row.config).toEqual({ type: "webhook", origin: "https://other.example.com" });
  expect(openChannelSecret(rig.context.secrets, row)).toEqual({
    url: "https://other.example.com/x",
    webhookSecret,
  });
});

test("a removed channel forgets its secret and is listed no more", async () => {
  const { id } = await create(slack);
  expect(await removeAlertChannel(rig.context, { projectId: "shop", channelId: id }, "ann")).toBe(
    true,
  );
  expect(await removeAlertChannel(rig.context, { projectId: "shop", channelId: id }, "ann")).toBe(
    false,
  );
  expect((await rowOf(id)).sealedSecret).toBeNull();
  expect(await listAlertChannels(rig.context.db, "shop")).toEqual([]);
});

test.each([
  [{ ...slack, slackChannel: "#general" }, /slackChannel.*id of a Slack channel/s],
  [{ ...slack, botToken: "xoxp-1" }, /botToken/],
  [{ ...slack, signingSecret: "" }, /signingSecret.*needed for buttons/s],
  [{ ...slack, kinds: [] }, /at least one kind/],
  [{ ...slack, kinds: ["weather"] }, /kinds/],
  [{ ...webhook, url: "ftp://x" }, /http/],
  [{ ...webhook, url: "https://user:pw@example.com" }, /user name or password/],
  [{ ...email, addresses: "" }, /at least one address/],
  [{ ...email, addresses: "ada@example.com, nobody" }, /not an e-mail address/],
  [{ ...email, name: " " }, /must not be empty/],
])("refuses %j", (input, problem) => {
  expect(() => createChannelSchema.parse(input)).toThrow(problem);
});

describe("the test button", () => {
  test("really sends, once, and the history shows how it ended", async () => {
    const { id } = await create(slack);
    const ref = { projectId: "shop", channelId: id };
    const options = { context: rig.context, send: rig.sendToSlack };
    const { signal } = new AbortController();
    expect(await sendTest(options, ref, signal)).toMatchObject({ outcome: "delivered" });
    expect(rig.slack.postings).toHaveLength(1);
    rig.slack.troubles.push({ status: 200, body: `{"ok":false,"error":"invalid_auth"}` });
    rig.advance(1000);
    expect(await sendTest(options, ref, signal)).toMatchObject({
      reason: "Slack refuses the message: invalid_auth",
    });
    const alerts = await newestAlerts(rig.context.db, { projectId: "shop" }, { limit: 10 });
    expect(alerts.map(({ deliveries }) => deliveries[0]?.state)).toEqual(["given_up", "delivered"]);
    expect(await sendTest(options, { ...ref, projectId: "other" }, signal)).toBeUndefined();
  });

  test("of a channel whose secret cannot be opened says what to do", async () => {
    const { id } = await create(slack);
    const secrets = createSecretBox(() => Buffer.alloc(32, 9), rig.context.randomBytes);
    const options = { context: { ...rig.context, secrets }, send: rig.sendToSlack };
    const ref = { projectId: "shop", channelId: id };
    expect(await sendTest(options, ref, new AbortController().signal)).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("LENSAI_SECRETS_KEY") as string,
    });
  });

  test("sends a mail to all addresses, readable in both forms, whatever the names are", async () => {
    const server = await startMailServer();
    const mailer = createMailer({ smtpUrl: server.url, from: "LensAI <lensai@example.com>" });
    const { id } = await create({ ...email, name: "<b>&\r\nBcc: eve@example.com" });
    const send = createEmailSender({ mailer, urlOf: () => "http://localhost:3000/" });
    const ref = { projectId: "shop", channelId: id };
    const outcome = await sendTest(
      { context: rig.context, send },
      ref,
      new AbortController().signal,
    );
    mailer.close();
    await server.stop();
    expect(outcome).toEqual({ outcome: "delivered" });
    const [mail] = server.received;
    expect(mail?.to).toEqual(["ada@example.com", "bob@example.com"]);
    expect(mail?.message).toMatch(/^Message-ID: <alert_[\w-]+\.chan_[\w-]+@lensai>$/im);
    expect(mail?.message).not.toMatch(/^Bcc:/m);
    expect(mail?.message).toContain("&lt;b&gt;&amp; Bcc:");
  });
});

describe("sealed secrets", () => {
  const box = createSecretBox(
    () => Buffer.alloc(32, 1),
    (length) => Buffer.alloc(length, 2),
  );

  test("open in their own row and as they were written, and not otherwise", () => {
    const sealed = box.seal("a/1", "secret ✓");
    expect(box.open("a/1", sealed)).toBe("secret ✓");
    expect(sealed.includes("secret")).toBe(false);
    expect(() => box.open("a/2", sealed)).toThrow(/cannot be opened/);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => box.open("a/1", changed)).toThrow(/cannot be opened/);
      expect(() => box.open("a/1", sealed.subarray(0, at))).toThrow(/cannot be opened/);
    }
  });

  test("have a key that is made once, readable by nobody else", () => {
    const folder = mkdtempSync(join(tmpdir(), "lensai-secrets-"));
    try {
      const first = secretsKey(undefined, folder)();
      expect(secretsKey(undefined, folder)()).toEqual(first);
      expect(statSync(join(folder, "secrets-key")).mode & 0o777).toBe(0o600);
      const text = readFileSync(join(folder, "secrets-key"), "utf8");
      expect(Buffer.from(parseSecretsKey(text))).toEqual(Buffer.from(first));
      expect(secretsKey(Buffer.alloc(32, 5).toString("base64"), folder)()).toEqual(
        Buffer.alloc(32, 5),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(["", "short", Buffer.alloc(31).toString("base64"), "!".repeat(43)])(
    "refuse the key %j without repeating it",
    (text) => {
      expect(() => parseSecretsKey(text)).toThrow(/openssl rand -base64 32/);
    },
  );
});
