import { describe, expect, it } from "vitest";
import {
  estimated,
  failed,
  linksOf,
  missing,
  record,
  reported,
  verdictsOf,
} from "./sample-records.ts";

/** Hazards D1 to D19: the ways in which published instrumentations report one call more than once. */

const inTrace = { trace: "t" } as const;
const below = (parent: string): { trace: string; parent: string } => ({ trace: "t", parent });

describe("records by themselves", () => {
  it("bills an answered call, also one whose usage is missing, and not a failed one", () => {
    const records = [
      record("answered", { usage: reported(10, 5) }),
      record("silent", { usage: missing }),
      record("refused", { usage: failed }),
    ];
    expect(verdictsOf(records)).toEqual({ answered: "call", silent: "call", refused: "failed" });
  });

  it("bills an agent with usage that has no call below it", () => {
    const records = [record("agent", { ...inTrace, part: "agent", usage: reported(10, 5) })];
    expect(verdictsOf(records)).toEqual({ agent: "aggregate_only" });
  });
});

describe("agents, steps and workflows that sum up calls (D1, D2, D4, D5, D6, D15)", () => {
  it("bills the calls and not what sums them up", () => {
    const records = [
      record("agent", { ...inTrace, part: "agent", usage: reported(30, 9), lastsMs: 3000 }),
      record("first", { ...below("agent"), usage: reported(10, 4), atMs: 100 }),
      record("second", { ...below("agent"), usage: reported(20, 5), atMs: 1500 }),
    ];
    expect(verdictsOf(records)).toEqual({
      agent: "aggregate -> first",
      first: "call",
      second: "call",
    });
  });

  it("finds the calls through spans that are no model calls", () => {
    const links = linksOf({
      http: { parent: "handler", isBoundary: false },
      handler: { parent: "agent", isBoundary: false },
    });
    const records = [
      record("agent", { ...inTrace, part: "agent", usage: reported(10, 4) }),
      record("call", { ...below("http"), usage: reported(10, 4) }),
    ];
    expect(verdictsOf(records, links)).toEqual({ agent: "aggregate -> call", call: "call" });
  });

  it("bills the sum when no call below it has usage", () => {
    const records = [
      record("agent", { ...inTrace, part: "agent", usage: reported(30, 9) }),
      record("first", { ...below("agent"), usage: missing }),
      record("second", { ...below("agent"), usage: missing }),
    ];
    expect(verdictsOf(records)).toEqual({
      agent: "aggregate_only",
      first: "covered -> agent",
      second: "covered -> agent",
    });
  });

  it("prefers a reported sum to estimated calls", () => {
    const records = [
      record("step", { ...inTrace, part: "step", usage: reported(1266, 208) }),
      record("call", { ...below("step"), usage: estimated(62, 15) }),
    ];
    expect(verdictsOf(records)).toEqual({ step: "aggregate_only", call: "covered -> step" });
  });

  it("bills the lowest of several sums", () => {
    const records = [
      record("workflow", { ...inTrace, part: "agent", usage: reported(30, 9) }),
      record("agent", { ...below("workflow"), part: "agent", usage: reported(30, 9) }),
      record("call", { ...below("agent"), usage: missing }),
    ];
    expect(verdictsOf(records)).toEqual({
      workflow: "aggregate -> agent",
      agent: "aggregate_only",
      call: "covered -> agent",
    });
  });

  it("keeps failed calls below a billed sum as failed", () => {
    const records = [
      record("agent", { ...inTrace, part: "agent", usage: reported(30, 9) }),
      record("refused", { ...below("agent"), usage: failed }),
    ];
    expect(verdictsOf(records)).toEqual({ agent: "aggregate_only", refused: "failed" });
  });

  it("takes a step inside a call as a part of it, and an agent inside a call as work of its own", () => {
    const records = [
      record("call", { ...inTrace, usage: reported(10, 4) }),
      record("step", { ...below("call"), part: "step", usage: reported(10, 4) }),
      record("agent", { ...below("call"), part: "agent", usage: reported(7, 3) }),
    ];
    expect(verdictsOf(records)).toEqual({
      call: "call",
      step: "aggregate -> call",
      agent: "aggregate_only",
    });
  });
});

describe("calls inside calls (D3, D8, D10, D11)", () => {
  const outer = { ...inTrace, scope: "langchain", usage: reported(1211, 193) };

  it("takes a framework's record and the client's record inside it as one call", () => {
    const records = [
      record("framework", outer),
      record("client", { ...below("framework"), usage: reported(1211, 193), responseId: "r1" }),
    ];
    expect(verdictsOf(records)).toEqual({ framework: "nested -> client", client: "call" });
  });

  it("does so when one of them has no usage, and when they mean different things by input", () => {
    const streamed = [
      record("framework", outer),
      record("client", { ...below("framework"), usage: missing, responseId: "r1" }),
    ];
    expect(verdictsOf(streamed)).toEqual({ framework: "call", client: "nested -> framework" });
    const exclusive = [
      record("outer", { ...inTrace, scope: "a", usage: reported(28, 180) }),
      record("inner", {
        ...below("outer"),
        scope: "b",
        usage: { ...reported(2588, 180), cached: 2560, partCount: 2 },
      }),
    ];
    expect(verdictsOf(exclusive)).toEqual({ outer: "nested -> inner", inner: "call" });
  });

  it("counts a call of one scope inside another of the same scope twice, unless the counts repeat", () => {
    const different = [
      record("outer", { ...inTrace, usage: reported(1000, 200), lastsMs: 5000 }),
      record("inner", { ...below("outer"), usage: reported(50, 10), atMs: 1000 }),
    ];
    expect(verdictsOf(different)).toEqual({ outer: "call", inner: "call" });
    const repeated = [
      record("outer", { ...inTrace, usage: reported(333, 0) }),
      record("inner", { ...below("outer"), usage: reported(333, 0) }),
    ];
    expect(verdictsOf(repeated)).toEqual({ outer: "nested -> inner", inner: "call" });
  });

  it("counts calls with response ids of their own in one scope each, also without usage", () => {
    const records = [
      record("outer", { ...inTrace, usage: missing, responseId: "r1", lastsMs: 5000 }),
      record("inner", { ...below("outer"), usage: reported(50, 10), responseId: "r2" }),
    ];
    expect(verdictsOf(records)).toEqual({ outer: "call", inner: "call" });
  });

  it("counts a call that a tool or an agent makes inside a call", () => {
    const links = linksOf({ tool: { parent: "outer", isBoundary: true } });
    const records = [
      record("outer", { ...inTrace, scope: "framework", usage: reported(1000, 200) }),
      record("inner", { ...below("tool"), scope: "client", usage: reported(1000, 200) }),
    ];
    expect(verdictsOf(records, links)).toEqual({ outer: "call", inner: "call" });
  });

  it("takes an outer record around several attempts as their sum", () => {
    const records = [
      record("outer", { ...outer, lastsMs: 3000 }),
      record("first", { ...below("outer"), usage: reported(1211, 7), atMs: 10 }),
      record("second", { ...below("outer"), usage: reported(1211, 193), atMs: 1500 }),
    ];
    expect(verdictsOf(records)).toEqual({
      outer: "aggregate -> first",
      first: "call",
      second: "call",
    });
  });

  it("joins a client's span, a gateway's span and what the gateway calls", () => {
    const gateway = { service: "gateway", atMs: 30 };
    const records = [
      record("app", { ...inTrace, usage: reported(900, 60) }),
      record("proxy", { ...below("http"), ...gateway, scope: "litellm", usage: reported(900, 60) }),
      record("raw", { ...below("proxy"), ...gateway, scope: "litellm", usage: missing }),
    ];
    const links = linksOf({ http: { parent: "app", isBoundary: false } });
    expect(verdictsOf(records, links)).toEqual({
      app: "nested -> proxy",
      proxy: "call",
      raw: "nested -> proxy",
    });
  });

  it("does not join calls to different models", () => {
    const records = [
      record("outer", { ...inTrace, scope: "guarded", usage: reported(900, 60) }),
      record("guard", { ...below("outer"), model: "llama-guard-4", usage: reported(900, 1) }),
    ];
    expect(verdictsOf(records)).toEqual({ outer: "call", guard: "call" });
  });
});

describe("one response id (D9)", () => {
  const first = { responseId: "r1", usage: reported(1211, 193) };

  it("joins siblings of two scopes, in one trace or in two, and bills the richer record", () => {
    const records = [
      record("a", { ...first, ...inTrace, scope: "a" }),
      record("b", { ...first, ...inTrace, scope: "b", usage: { ...first.usage, partCount: 2 } }),
      record("c", { ...first, scope: "c" }),
    ];
    expect(verdictsOf(records)).toEqual({
      a: "same_response -> b",
      b: "call",
      c: "same_response -> b",
    });
  });

  it("joins them when their counts differ, as they overlap in time", () => {
    const records = [
      record("counted", { ...first, scope: "a" }),
      record("guessed", { ...first, scope: "b", usage: estimated(62, 15) }),
      record("wrong", { ...first, scope: "c", usage: reported(1211, 196), atMs: 20 }),
    ];
    expect(verdictsOf(records)).toEqual({
      counted: "call",
      guessed: "same_response -> counted",
      wrong: "same_response -> counted",
    });
  });

  it("bills the record whose counts bear a doubtful one out, as it tells what no guess knows", () => {
    const counts = reported(1541, 98);
    const records = [
      record("doubtful", { ...first, scope: "a", usage: estimated(1541, 98) }),
      record("detailed", { ...first, scope: "b", usage: { ...counts, cached: 1027 } }),
      record("repeated", { ...first, scope: "c", usage: counts }),
    ];
    expect(verdictsOf(records)).toEqual({
      doubtful: "same_response -> detailed",
      detailed: "call",
      repeated: "same_response -> detailed",
    });
  });

  it("joins an app's and a gateway's record whose clocks differ by minutes, when they count the same", () => {
    const gateway = { ...first, service: "gateway", scope: "proxy", atMs: 200_000 };
    expect(verdictsOf([record("app", first), record("gateway", gateway)])).toEqual({
      app: "call",
      gateway: "same_response -> app",
    });
    const other = { ...gateway, usage: reported(5, 5) };
    expect(verdictsOf([record("app", first), record("gateway", other)])).toEqual({
      app: "call",
      gateway: "call",
    });
  });

  it("does not join calls of one scope to a server that answers with one id for ever", () => {
    const records = [0, 1, 2, 3].map((n) => record(`call ${n}`, { ...first, atMs: n }));
    expect(Object.values(verdictsOf(records))).toEqual(["call", "call", "call", "call"]);
  });

  it("matches two scopes one to one when a local server drew one id for parallel calls", () => {
    const records = [
      record("a1", { ...first, scope: "a", atMs: 0 }),
      record("a2", { ...first, scope: "a", atMs: 400 }),
      record("b1", { ...first, scope: "b", atMs: 3 }),
      record("b2", { ...first, scope: "b", atMs: 403 }),
    ];
    expect(verdictsOf(records)).toEqual({
      a1: "call",
      b1: "same_response -> a1",
      a2: "call",
      b2: "same_response -> a2",
    });
  });

  it("does not join projects, nor different models", () => {
    const records = [
      record("one", { ...first, scope: "a" }),
      record("two", { ...first, scope: "b", project: "other" }),
      record("three", { ...first, scope: "c", model: "claude-sonnet-4-5" }),
    ];
    expect(verdictsOf(records)).toEqual({ one: "call", two: "call", three: "call" });
  });
});

describe("twins: no common trace, no common id", () => {
  const counts = { usage: reported(1211, 193) };
  const chain = { ...counts, scope: "langchain", atMs: 0, lastsMs: 1050 };

  it("joins roots of two scopes that count the same at the same time", () => {
    const records = [
      record("chain", chain),
      record("client", { ...counts, model: "gpt-5-mini-2025-08-07", atMs: 30 }),
    ];
    expect(verdictsOf(records)).toEqual({ chain: "call", client: "twin -> chain" });
  });

  it("joins a streamed record without usage to the one that counted it", () => {
    const records = [
      record("chain", chain),
      record("client", { usage: missing, atMs: 1, lastsMs: 1044 }),
    ];
    expect(verdictsOf(records)).toEqual({ chain: "call", client: "twin -> chain" });
  });

  it("keeps two real calls with equal small outputs apart, also in parallel", () => {
    const same = { usage: reported(12, 1) };
    const parallel = [record("one", same), record("two", same), record("three", same)];
    expect(Object.values(verdictsOf(parallel))).toEqual(["call", "call", "call"]);
  });

  it("keeps them apart when two scopes report each of them", () => {
    const same = { usage: reported(12, 1) };
    const records = [0, 1, 2].flatMap((n) => [
      record(`chain ${n}`, { ...same, scope: "langchain", atMs: n }),
      record(`client ${n}`, { ...same, atMs: n + 5, lastsMs: 990 }),
    ]);
    const rules = Object.values(verdictsOf(records));
    expect(rules.filter((rule) => rule === "call")).toHaveLength(3);
    expect(rules.filter((rule) => rule.startsWith("twin"))).toHaveLength(3);
  });

  it("pairs each of several parallel calls with its own record", () => {
    const records = [
      record("chain", { ...chain, usage: reported(10, 1) }),
      record("client", { usage: missing, atMs: 20, lastsMs: 1020 }),
      record("direct", { usage: missing, atMs: 300, lastsMs: 500 }),
    ];
    expect(verdictsOf(records)).toEqual({
      chain: "call",
      client: "twin -> chain",
      direct: "call",
    });
  });

  it.each([
    ["of another service", { service: "billing" }],
    ["of another instance", { instance: "two" }],
    ["of another model", { model: "gpt-5" }],
    ["with other counts", { usage: reported(1211, 194) }],
    ["that came later", { atMs: 900 }],
    ["that failed", { usage: failed }],
  ])("does not join a record %s", (_, other) => {
    const chainRecord = record("chain", { ...chain, instance: "one" });
    const verdicts = verdictsOf([chainRecord, record("client", { ...counts, ...other })]);
    expect(verdicts["chain"]).toBe("call");
    expect(verdicts["client"]).toBe("usage" in other && other.usage === failed ? "failed" : "call");
  });

  it("does not join records that both name a response, and not the same", () => {
    const records = [
      record("a", { ...counts, scope: "a", responseId: "r1" }),
      record("b", { ...counts, scope: "b", responseId: "r2" }),
    ];
    expect(verdictsOf(records)).toEqual({ a: "call", b: "call" });
  });
});

describe("failures and attempts (D16)", () => {
  it("counts the outer and the inner record of a failure once", () => {
    const records = [
      record("outer", { ...inTrace, scope: "framework", usage: failed }),
      record("inner", { ...below("outer"), usage: failed }),
    ];
    expect(verdictsOf(records)).toEqual({ outer: "nested -> inner", inner: "failed" });
  });

  it("counts every refused attempt, and bills the answered one", () => {
    const records = [
      record("outer", { ...inTrace, scope: "framework", usage: reported(10, 5), lastsMs: 3000 }),
      record("first", { ...below("outer"), usage: failed, atMs: 10, lastsMs: 40 }),
      record("second", { ...below("outer"), usage: reported(10, 5), atMs: 1500 }),
    ];
    expect(verdictsOf(records)).toEqual({
      outer: "nested -> second",
      first: "failed",
      second: "call",
    });
  });

  it("bills an answer that the framework failed to read", () => {
    const records = [
      record("outer", { ...inTrace, scope: "framework", usage: failed }),
      record("inner", { ...below("outer"), usage: reported(10, 5) }),
    ];
    expect(verdictsOf(records)).toEqual({ outer: "aggregate -> inner", inner: "call" });
  });

  it("counts two unlinked records of one failure once", () => {
    const records = [
      record("chain", { scope: "langchain", usage: failed, lastsMs: 60 }),
      record("client", { usage: failed, atMs: 5, lastsMs: 50 }),
    ];
    expect(verdictsOf(records)).toEqual({ chain: "failed", client: "twin -> chain" });
  });
});

describe("a span and logs of one call (D12), a span that landed twice (D18)", () => {
  const log = { signal: "log", scope: "events", atMs: 1000 } as const;

  it("joins a log to the span that it was written in", () => {
    const records = [
      record("span", { ...inTrace, usage: reported(10, 5) }),
      record("log", { ...log, ...below("span"), usage: reported(10, 5) }),
    ];
    expect(verdictsOf(records)).toEqual({ span: "call", log: "same_span -> span" });
  });

  it("bills the log where it tells more parts apart", () => {
    const records = [
      record("span", { ...inTrace, usage: reported(922, 158) }),
      record("log", {
        ...log,
        ...below("span"),
        usage: { ...reported(922, 198), reasoning: 40, partCount: 2 },
      }),
    ];
    expect(verdictsOf(records)).toEqual({ span: "same_span -> log", log: "call" });
  });

  it("joins logs and spans of one process without a common id by counts and time", () => {
    const records = [
      record("span", { usage: reported(922, 158) }),
      record("response", { ...log, trace: undefined, usage: reported(922, 158) }),
      record("details", { ...log, trace: undefined, scope: "other", usage: reported(922, 158) }),
      record("later", { ...log, trace: undefined, atMs: 60_000, usage: reported(922, 158) }),
    ];
    expect(verdictsOf(records)).toEqual({
      span: "call",
      response: "twin -> span",
      details: "twin -> span",
      later: "call",
    });
  });

  it("joins records of which one leaves out what the provider's tools put into the prompt", () => {
    const free = { ...log, trace: undefined };
    const whole = { ...reported(1_617, 46), cached: 1_024, toolUsePrompt: 500, reasoning: 32 };
    const records = [
      record("whole", { ...free, usage: { ...whole, partCount: 3 } }),
      record("without", { ...free, scope: "details", usage: reported(1_117, 14) }),
      record("uncached", { ...free, scope: "other", usage: reported(93, 46) }),
      record("another", { ...free, scope: "details", usage: reported(1_116, 14) }),
    ];
    expect(verdictsOf(records)).toEqual({
      whole: "call",
      without: "twin -> whole",
      uncached: "twin -> whole",
      another: "call",
    });
  });

  it("joins a span without usage to the log that tells it, and to the request's log of the same kind", () => {
    const free = { ...log, trace: undefined };
    const records = [
      record("span", { ...inTrace, scope: "cli", usage: missing, lastsMs: 9000 }),
      record("request", { ...log, ...below("span"), scope: "details", atMs: 2, usage: missing }),
      record("answer", { ...free, scope: "answer", atMs: 8990, usage: reported(922, 158) }),
      record("details", { ...free, scope: "details", atMs: 8991, usage: reported(922, 158) }),
    ];
    expect(verdictsOf(records)).toEqual({
      span: "same_span -> answer",
      request: "same_span -> answer",
      answer: "call",
      details: "twin -> answer",
    });
  });

  it("does not take a log for better than the estimate that it repeats", () => {
    const records = [
      record("span", { ...inTrace, usage: estimated(58, 15) }),
      record("log", { ...log, ...below("span"), usage: { ...reported(58, 15), partCount: 2 } }),
    ];
    expect(verdictsOf(records)).toEqual({ span: "call", log: "same_span -> span" });
  });

  it("bills a log that is the only record of its call", () => {
    expect(verdictsOf([record("log", { ...log, usage: reported(10, 5) })])).toEqual({
      log: "call",
    });
  });

  it("bills one span that came in two requests once", () => {
    const twice = { ...inTrace, span: "s", usage: reported(10, 5) };
    expect(verdictsOf([record("first", twice), record("second", twice)])).toEqual({
      first: "call",
      second: "same_span -> first",
    });
  });
});

describe("broken traces", () => {
  it("bills the calls of a circle of parents", () => {
    const records = [
      record("a", { ...below("b"), usage: reported(10, 5) }),
      record("b", { ...below("a"), usage: reported(11, 5) }),
      record("c", { ...below("c"), usage: reported(12, 5) }),
    ];
    expect(verdictsOf(records)).toEqual({ a: "call", b: "call", c: "call" });
  });

  it("ends a walk through a circle of spans that are no records", () => {
    const links = linksOf({
      x: { parent: "y", isBoundary: false },
      y: { parent: "x", isBoundary: false },
    });
    const records = [record("a", { ...below("x"), usage: reported(10, 5) })];
    expect(verdictsOf(records, links)).toEqual({ a: "call" });
  });
});
