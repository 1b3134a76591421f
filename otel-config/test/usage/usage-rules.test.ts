import { describe, expect, it } from "vitest";
import { readingOf } from "../../src/usage/usage-reading.ts";
import type { UsageProducer } from "../../src/usage/usage-reading.ts";

const producer = (about: Partial<UsageProducer>): UsageProducer => ({
  scope: "openinference.instrumentation.bedrock",
  scopeVersion: undefined,
  dialect: "openinference",
  provider: "aws.bedrock",
  model: "anthropic.claude-haiku-4-5-20251001-v1:0",
  isStreaming: false,
  isFinished: true,
  ...about,
});

describe("a rule about old versions", () => {
  it.each([
    ["0.1.59", "exclusive"],
    ["0.1.9", "exclusive"],
    ["0.0.99", "exclusive"],
    ["0.1.60", undefined],
    ["0.1.60b0", undefined],
    ["0.1.61", undefined],
    ["0.2", undefined],
    ["1.0.0", undefined],
    [undefined, undefined],
  ])("holds below its bound: %s", (scopeVersion, input) => {
    expect(readingOf(producer({ scopeVersion })).input).toBe(input);
  });
});

describe("a rule about answers that broke off", () => {
  const scope = "openinference.instrumentation.anthropic";

  it("doubts also what the provider had said until then", () => {
    const cut = producer({ scope, isStreaming: true, isFinished: false });
    expect(readingOf(cut).estimate).toMatchObject({ isPartial: true });
    expect(readingOf({ ...cut, isFinished: true }).estimate).toBeUndefined();
  });
});

describe("rules read in a producer's source", () => {
  it.each([
    [{ scope: "pipecat", provider: "anthropic" }, "exclusive"],
    [{ scope: "pipecat", provider: "openai" }, undefined],
    [{ scope: "x", dialect: "ag2", provider: "aws.bedrock" }, "exclusive"],
    [{ scope: "x", dialect: "ag2", provider: "openai" }, undefined],
  ])("%o counts its input as %s", (about, input) => {
    expect(readingOf(producer(about)).input).toBe(input);
  });

  it("AG2's output leaves Google's thoughts out", () => {
    expect(readingOf(producer({ dialect: "ag2", provider: "gcp.gemini" })).output).toBe(
      "exclusive",
    );
  });

  it("Langtrace guesses the tokens of streams, and leaves Anthropic's cache out", () => {
    const langtrace = producer({ scope: "x", dialect: "langtrace", provider: "openai" });
    expect(readingOf(langtrace).estimate).toBeUndefined();
    expect(readingOf({ ...langtrace, isStreaming: true }).estimate?.kind).toBe("unlessDetailed");
    expect(readingOf({ ...langtrace, provider: "anthropic" }).estimate?.kind).toBe(
      "unlessCacheCounted",
    );
  });
});
