import { expect, it } from "vitest";
import { inheritedAttribution } from "../../src/billing/inherit-attribution.ts";
import type { AttributedSpan, Attribution } from "../../src/billing/inherit-attribution.ts";

const spans: Readonly<Record<string, AttributedSpan>> = {
  request: { parent: undefined, own: { user_id: "ann", route: "/chat", team: "core" } },
  workflow: { parent: "request", own: { agent_name: "planner", prompt_name: "plan" } },
  agent: { parent: "workflow", own: { agent_name: "writer", team: "docs" } },
  circle: { parent: "circle", own: { user_id: "eve" } },
};

const inherited = (parent: string | undefined, own: Attribution = {}): Attribution =>
  inheritedAttribution({ parent, own }, (span) => spans[span]);

it("takes from the nearest span around that says it", () => {
  expect(inherited("agent")).toEqual({
    user_id: "ann",
    route: "/chat",
    team: "docs",
    agent_name: "writer",
    prompt_name: "plan",
  });
});

it("leaves what the record says itself", () => {
  expect(inherited("agent", { user_id: "bob", team: "own" })).not.toHaveProperty("user_id");
  expect(inherited("agent", { user_id: "bob", team: "own" })).not.toHaveProperty("team");
});

it("takes a prompt's version from the span that names the prompt", () => {
  const outer = { parent: undefined, own: { prompt_name: "old", prompt_version: "7" } };
  const inner = { parent: "outer", own: { prompt_name: "new" } };
  const find = (span: string): AttributedSpan => (span === "outer" ? outer : inner);
  expect(inheritedAttribution({ parent: "inner", own: {} }, find)).toEqual({ prompt_name: "new" });
  expect(inheritedAttribution({ parent: "outer", own: {} }, find)).toEqual(outer.own);
  expect(inheritedAttribution({ parent: "outer", own: { prompt_name: "own" } }, find)).toEqual({});
});

it("takes nothing from a root, from spans that did not come, and does not walk in circles for ever", () => {
  expect(inherited(undefined)).toEqual({});
  expect(inherited("lost")).toEqual({});
  expect(inherited("circle")).toEqual({ user_id: "eve" });
});
