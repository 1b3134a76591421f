import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluateInstallation } from "#lib/server/alerts/evaluate/installation-alerts.ts";
import { collectors } from "#lib/server/db/schema/collectors.ts";
import { newestAlerts } from "#lib/server/services/alerts/list.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";

const MINUTE_MS = 60_000;

let rig: AlertRig;
beforeAll(async () => {
  rig = await createAlertRig();
});
afterAll(() => rig.close());

test("no collector is missed by who was away himself, and one that is silent while he listens is", async () => {
  const { context } = rig;
  await context.db.insert(collectors).values({ id: "collector", seenAt: context.now() });
  const lookFor = async (listensSince: Date): Promise<unknown[]> => {
    const installation = { services: context, troubles: async () => [], known: new Map() };
    await evaluateInstallation({ ...installation, listensSince }, ["shop"]);
    const alerts = await newestAlerts(context.db, { projectId: "shop" }, { limit: 50 });
    return alerts.map(({ facts }) => facts.details);
  };
  rig.advance(60 * MINUTE_MS);
  const started = context.now();
  expect(await lookFor(started)).toEqual([]);
  rig.advance(2 * MINUTE_MS);
  expect(await lookFor(started)).toEqual([{ trouble: "collector_silent" }]);
});
