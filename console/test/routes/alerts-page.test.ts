import { render } from "svelte/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Principal } from "#lib/server/access/principal.ts";
import { LOCAL_OWNER } from "#lib/server/access/principal.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { killSwitchAlert } from "#lib/server/services/alerts/kill-switch-alert.ts";
import { recordAlerts } from "#lib/server/services/alerts/record-alerts.ts";
import { SUBSCRIBABLE_KINDS } from "#lib/server/services/alerts/schemas.ts";
import * as page from "../../src/routes/projects/[projectId=projectId]/alerts/+page.server.ts";
import AlertsPage from "../../src/routes/projects/[projectId=projectId]/alerts/+page.svelte";
import { consoleSettings, NO_ALERTS, NO_LAKE } from "../support/console-settings.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { startSlackServer, type SlackServer } from "../support/slack-server.ts";
import { createUser, userPrincipal } from "../support/users.ts";

let slack: SlackServer;
let running: Console;

beforeAll(async () => {
  slack = await startSlackServer();
  const databaseUrl = await createMigratedDatabase();
  const alerts = { ...NO_ALERTS, slackApiUrl: slack.apiUrl };
  running = createConsole(consoleSettings(NO_LAKE, { databaseUrl, alerts }));
  running.start();
  await running.databaseReady(30_000);
});
afterAll(async () => {
  await running.stop();
  await slack.stop();
});

type Fields = readonly (readonly [string, string])[];

function eventOf(fields: Fields = [], principal: Principal = LOCAL_OWNER): never {
  const body = new URLSearchParams(fields.map(([name, value]) => [name, value]));
  return {
    params: { projectId: "default" },
    request: new Request("http://localhost/", { method: "POST", body }),
    locals: { console: running, requestId: "test", principal },
    depends: () => undefined,
    parent: async () => ({}),
  } as never;
}

/** What an action answers: data of its own, a refusal with data, or where it leads. */
async function submit(action: keyof typeof page.actions, fields: Fields): Promise<unknown> {
  const run = page.actions[action] as unknown as (event: never) => Promise<unknown>;
  return run(eventOf(fields)).catch((redirect: unknown) => redirect);
}

async function html(form: unknown = null): Promise<string> {
  const data = (await page.load(eventOf())) as object;
  return render(AlertsPage, { props: { data, form, params: {} } as never }).body;
}

const COMMON: Fields = [
  ["name", "on call"],
  ["minimumSeverity", "info"],
  ["kinds", "kill_switch.triggered"],
  ["kinds", "budget.exceeded"],
];
const SLACK: Fields = [
  ...COMMON,
  ["type", "slack"],
  ["slackChannel", "C024BE91L"],
  ["botToken", "xoxb-0000000000-secret"],
];
const channelId = (text: string): string =>
  /name="channelId" value="([^"]+)"/.exec(text)?.[1] ?? "";

test("a channel is added, tested, changed and removed by plain forms", async () => {
  expect(await html()).toContain("Nobody is told yet");
  expect(await submit("create", SLACK)).toMatchObject({ status: 303 });
  const id = channelId(await html());
  const tested = await submit("test", [["channelId", id]]);
  expect(await html(tested)).toContain("The test has arrived.");
  expect(slack.postings).toHaveLength(1);
  slack.troubles.push({ status: 200, body: `{"ok":false,"error":"not_in_channel"}` });
  const failed = await html(await submit("test", [["channelId", id]]));
  expect(failed).toContain("The test did not arrive: Slack refuses the message: not_in_channel");

  const change: Fields = [...SLACK.slice(0, -1), ["channelId", id], ["version", "1"]];
  expect(await submit("update", change)).toMatchObject({ status: 303 });
  expect(await submit("update", change)).toMatchObject({ status: 412 });
  expect(await submit("remove", [["channelId", id]])).toMatchObject({ status: 303 });
  expect(await submit("remove", [["channelId", id]])).toMatchObject({ status: 409 });
});

test("what no channel is told is named: a kind that is new begins there", async () => {
  const begun = channelId(await html());
  expect(begun).toBe("");
  expect(await html()).not.toContain("No channel is told");
  await submit("create", SLACK);
  expect(await html()).toMatch(
    /No channel is told: Budget reaches a threshold · .*Calls may go again · .*Charges do not reach Stripe\./,
  );
  const id = channelId(await html());
  const all: Fields = SUBSCRIBABLE_KINDS.map((kind) => ["kinds", kind] as const);
  await submit("update", [...SLACK, ...all, ["channelId", id], ["version", "1"]]);
  expect(await html()).not.toContain("No channel is told");
  await submit("remove", [["channelId", id]]);
});

test("the secret of a webhook is shown once", async () => {
  const answer = (await submit("create", [
    ...COMMON,
    ["type", "webhook"],
    ["url", "http://127.0.0.1:9/very-secret"],
  ])) as { webhookSecret: string };
  expect(answer.webhookSecret).toMatch(/^whsec_/);
  expect(await html(answer)).toContain(answer.webhookSecret);
  const later = await html();
  expect(later).not.toContain(answer.webhookSecret);
  expect(later).not.toContain("very-secret");
});

test("what is wrong is said, and the form stays open", async () => {
  const refused = (await submit("create", [...SLACK, ["slackChannel", "#general"]])) as {
    status: number;
    data: { problem: string; openType: string };
  };
  expect(refused).toMatchObject({ status: 400, data: { openType: "slack" } });
  const shown = await html(refused.data);
  expect(shown).toContain("slackChannel: is not the id of a Slack channel");
  expect(shown).not.toContain("xoxb-0000000000-secret");
});

test("alerts say what became of them, and names are text", async () => {
  const { services } = running;
  const details = {
    killSwitchId: "kill_1",
    scope: { team: "<b>red</b>" },
    reason: "x",
    actor: "ann",
  };
  await services.db.transaction((transaction) =>
    recordAlerts(transaction, services, {
      projectId: "default",
      occurrences: [killSwitchAlert("triggered", details)],
    }),
  );
  const shown = await html();
  expect(shown).toContain("Calls are stopped");
  expect(shown).toContain("&lt;b>red&lt;/b>");
  expect(shown).not.toContain("<b>red");
});

test("nobody without a part in the project sees or changes anything", async () => {
  await createUser(running.services, { id: "eve" });
  const stranger = userPrincipal("eve");
  await expect(page.load(eventOf([], stranger))).rejects.toMatchObject({ status: 404 });
  for (const action of Object.values(page.actions))
    await expect(action(eventOf([...SLACK], stranger))).rejects.toMatchObject({ status: 404 });
});
