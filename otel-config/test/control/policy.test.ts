import { expect, test } from "vitest";
import { parseControlPolicy, policyOf } from "../../src/control/policy.ts";
import type { ControlBudget } from "../../src/control/budgets.ts";
import type { ControlKillSwitch } from "../../src/control/kill-switches.ts";
import type { ControlSnapshot } from "../../src/control/snapshot.ts";

const issuedAt = "2026-11-23T00:00:00.000Z";

const budgetOf = (projectId: string): ControlBudget => ({
  id: `bud_${projectId}`,
  projectId,
  name: "all calls",
  scope: {},
  limitNanoUsd: "5000000000",
  mode: "enforce",
  failMode: "spend_lease_then_closed",
  unknownPrice: "assume_family_max",
  clamp: false,
  periodStartsAt: issuedAt,
});

const killSwitchOf = (projectId: string): ControlKillSwitch => ({
  id: `kill_${projectId}`,
  projectId,
  scope: { provider: "openai" },
  reason: "a loop",
  triggeredAt: issuedAt,
});

const snapshot: ControlSnapshot = {
  formatVersion: 1,
  version: 7,
  issuedAt,
  projects: [],
  keys: [],
  budgets: ["shop", "other"].map(budgetOf),
  killSwitches: ["shop", "other"].map(killSwitchOf),
};

test("the policy of a project holds nothing of another one, and reads back as it was written", () => {
  const policy = policyOf(snapshot, "shop");
  expect(policy.budgets.map(({ id }) => id)).toEqual(["bud_shop"]);
  expect(policy.killSwitches.map(({ id }) => id)).toEqual(["kill_shop"]);
  expect(JSON.stringify(policy)).not.toContain("other");
  expect(parseControlPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
});

test("a snapshot of before budgets existed gives an empty policy", () => {
  const { budgets: _budgets, killSwitches: _killSwitches, ...older } = snapshot;
  expect(policyOf(older, "shop")).toMatchObject({ budgets: [], killSwitches: [], version: 7 });
});

test.each([
  [{ formatVersion: 2 }, /formatVersion 2 is not supported/],
  [{ version: -1 }, /version is not a whole number/],
  [{ issuedAt: "yesterday" }, /policy\.issuedAt is not a time/],
  [{ budgets: undefined }, /budgets is not a list/],
  [{ killSwitches: [{ id: "kill_1" }] }, /killSwitches\[0\]\.scope is not an object/],
])("refuses a policy with %o", (change, problem) => {
  expect(() => parseControlPolicy({ ...policyOf(snapshot, "shop"), ...change })).toThrow(problem);
});
