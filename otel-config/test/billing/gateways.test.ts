import { describe, expect, it } from "vitest";
import { failed, missing, record, reported, verdictsOf } from "./sample-records.ts";

/* An application and the gateway that it asks report one call, and the gateway has names of its own for models (D10). */

const app = { trace: "t", scope: "openai", usage: reported(3000, 50), lastsMs: 2000 } as const;
const gateway = {
  trace: "t",
  parent: "app",
  service: "gateway",
  scope: "gateway",
  model: "claude-sonnet-4-5",
  atMs: 100,
} as const;

describe("a gateway below the call that asked it", () => {
  it("answers with the model that a name of its own stands for", () => {
    const records = [
      record("app", { ...app, model: "smart" }),
      record("gateway", { ...gateway, usage: reported(3000, 50) }),
    ];
    expect(verdictsOf(records)).toEqual({ app: "nested -> gateway", gateway: "call" });
  });

  it("falls back on another model, once the first has failed", () => {
    const records = [
      record("app", app),
      record("first", { ...gateway, model: "gpt-5-mini", usage: failed }),
      record("second", { ...gateway, atMs: 700, usage: reported(3000, 50) }),
    ];
    expect(verdictsOf(records)).toEqual({
      app: "nested -> second",
      first: "failed",
      second: "call",
    });
  });

  it("knows the usage of a stream of which the application knows none", () => {
    const records = [
      record("app", { ...app, model: "smart", usage: missing }),
      record("gateway", { ...gateway, usage: reported(3000, 50) }),
    ];
    expect(verdictsOf(records)).toEqual({ app: "nested -> gateway", gateway: "call" });
  });

  it("makes a call of its own, of another model with other counts", () => {
    const records = [record("app", app), record("check", { ...gateway, usage: reported(210, 1) })];
    expect(verdictsOf(records)).toEqual({ app: "call", check: "call" });
  });
});

it("in one service another model without usage is another call", () => {
  const records = [
    record("app", { ...app, usage: missing }),
    record("other", { ...gateway, service: "shop", usage: reported(3000, 50) }),
  ];
  expect(verdictsOf(records)).toEqual({ app: "call", other: "call" });
});

describe("one response id in two traces under two names of the model", () => {
  const elsewhere = { ...gateway, trace: "u", parent: undefined, responseId: "r1" } as const;

  it("is one call when the counts are the same", () => {
    const records = [
      record("app", { ...app, model: "smart", responseId: "r1" }),
      record("gateway", { ...elsewhere, usage: { ...reported(3000, 50), partCount: 1 } }),
    ];
    expect(verdictsOf(records)).toEqual({ app: "same_response -> gateway", gateway: "call" });
  });

  it("is two calls when they are not", () => {
    const records = [
      record("app", { ...app, model: "smart", responseId: "r1" }),
      record("gateway", { ...elsewhere, usage: reported(3000, 51) }),
    ];
    expect(verdictsOf(records)).toEqual({ app: "call", gateway: "call" });
  });
});
