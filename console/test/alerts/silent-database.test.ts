import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CLAIM_MS } from "#lib/server/alerts/outbox.ts";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { createAlertRig, thresholdReached, type AlertRig } from "../support/alert-rig.ts";
import { startHangingProxy, type HangingProxy } from "../support/hanging-proxy.ts";

const ANSWER_TIMEOUT_SECONDS = 0.5;
const POLL = { interval: 20 };

let rig: AlertRig;
let proxy: HangingProxy;
/** What the console sees; the rig looks at the database itself. */
let silent: DatabaseClient;

beforeAll(async () => {
  rig = await createAlertRig();
  proxy = await startHangingProxy(rig.url);
  silent = openDatabase(proxy.url, {
    answerTimeoutSeconds: ANSWER_TIMEOUT_SECONDS,
    connectTimeoutSeconds: ANSWER_TIMEOUT_SECONDS,
  });
});
beforeEach(() => rig.reset());
afterAll(async () => {
  await rig.reset();
  await silent.close();
  await proxy.close();
  await rig.close();
});

test.each([
  { what: "arrived", refusals: 0, ended: ["delivered 1", "delivered 1"] },
  // And is due again meanwhile.
  { what: "was refused", refusals: 1, ended: ["delivered 1", "delivered 2"] },
])(
  "what $what while the database says nothing is known when it is back, and what was not tried is sent then",
  async ({ refusals, ended }) => {
    await rig.slackChannel();
    const ids = await rig.record(thresholdReached("a"), thresholdReached("b"));
    const refusal = { status: 200, body: `{"ok":false,"error":"invalid_blocks"}` };
    rig.slack.troubles.push(...Array.from({ length: refusals }, () => refusal));
    let isFirst = true;
    const job = rig.job(async (delivery, signal) => {
      if (isFirst) proxy.hang();
      isFirst = false;
      return await rig.sendToSlack(delivery, signal);
    }, silent.db);
    await expect.poll(() => job.problem(), { ...POLL, timeout: 10_000 }).toContain("TIMEOUT");
    expect(rig.slack.calls("chat.postMessage")).toBe(1);
    // Long enough for another look to take both for lost.
    rig.advance(CLAIM_MS);
    proxy.forward();
    const ends = async () => {
      job.wake();
      const rows = await Promise.all(ids.map((id) => rig.delivery(id)));
      return rows.map((row) => `${row?.state} ${row?.attempts}`).sort();
    };
    await expect.poll(ends, { ...POLL, timeout: 10_000 }).toEqual(ended);
    expect(rig.slack.postings).toHaveLength(2);
    expect(rig.slack.calls("chat.postMessage")).toBe(2 + refusals);
    expect(JSON.stringify(rig.slack.postings)).not.toContain("sent again");
  },
);
