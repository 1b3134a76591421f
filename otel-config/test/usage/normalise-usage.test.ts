import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import {
  USAGE_FLAG,
  clearRawUsage,
  createNormalUsage,
  createRawUsage,
  usageFlagNames,
  TOKENS_MAX,
} from "../../src/usage/usage.ts";
import type { NormalUsage, RawUsage } from "../../src/usage/usage.ts";

const rawUsage = (counts: Partial<RawUsage>): RawUsage => ({ ...createRawUsage(), ...counts });
const normalise = (counts: Partial<RawUsage>): NormalUsage =>
  normaliseUsage(rawUsage(counts), createNormalUsage());

/** The fields that are set, without the ones that say how. */
function tokens(usage: NormalUsage): Record<string, number> {
  const { basis: _basis, source: _source, flags: _flags, ...counts } = usage;
  return Object.fromEntries(
    Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

describe("real calls that other products counted wrong", () => {
  it("Langfuse 10592: OpenRouter's cached tokens are inside the prompt", () => {
    const usage = normalise({ input: 17_903, cacheRead: 17_817 });
    expect(tokens(usage)).toEqual({ input: 17_903, inputUncached: 86, cacheRead: 17_817 });
  });

  it("Langfuse 12306: Anthropic's raw cache counts are proven to be outside the input", () => {
    const usage = normalise({ input: 5, cacheRead: 128_955, cacheWrite: 1_253 });
    expect(tokens(usage)).toEqual({
      input: 130_213,
      inputUncached: 5,
      cacheRead: 128_955,
      cacheWrite5m: 1_253,
    });
    expect(usage.basis).toBe("proven");
  });

  it("Phoenix 13379: Bedrock's total is a checksum and no token of its own", () => {
    const usage = normalise({
      input: 4_299,
      output: 631,
      cacheRead: 35_574,
      cacheWrite: 17_787,
      total: 58_291,
    });
    expect(tokens(usage)).toEqual({
      input: 57_660,
      output: 631,
      inputUncached: 4_299,
      cacheRead: 35_574,
      cacheWrite5m: 17_787,
    });
    expect(usage).toMatchObject({ basis: "proven", flags: 0 });
  });

  it("Phoenix 10783: the difference between total and prompt is not output", () => {
    const usage = normalise({
      input: 3,
      output: 442,
      cacheRead: 7_917,
      cacheWrite: 350,
      total: 8_712,
    });
    expect(tokens(usage)).toEqual({
      input: 8_270,
      output: 442,
      inputUncached: 3,
      cacheRead: 7_917,
      cacheWrite5m: 350,
    });
    expect((usage.input ?? 0) + (usage.output ?? 0)).toBe(8_712);
    expect(usage).toMatchObject({ basis: "proven", flags: 0 });
  });

  it("Phoenix 10036: LangChain's Bedrock total counts the cache, its input does not", () => {
    const usage = normalise({
      input: 3,
      output: 12,
      cacheRead: 13_216,
      cacheWrite: 25,
      total: 13_256,
    });
    expect(tokens(usage)).toEqual({
      input: 13_244,
      output: 12,
      inputUncached: 3,
      cacheRead: 13_216,
      cacheWrite5m: 25,
    });
    expect(usage).toMatchObject({ basis: "proven", flags: 0 });
  });

  it("LiteLLM 6215: OpenAI's cached tokens are part of the prompt", () => {
    const usage = normalise({ input: 2_006, cacheRead: 1_920, output: 300 });
    expect(tokens(usage)).toEqual({
      input: 2_006,
      output: 300,
      inputUncached: 86,
      cacheRead: 1_920,
    });
  });

  it("LiteLLM 26807: so they are with a custom price", () => {
    const usage = normalise({ input: 6_074, cacheRead: 3_456, output: 285 });
    expect(tokens(usage)).toMatchObject({ inputUncached: 2_618, cacheRead: 3_456, output: 285 });
  });

  it("OpenLIT 1378: LiteLLM's normalised prompt holds read and written tokens", () => {
    const usage = normalise({
      input: 6_200,
      cacheRead: 5_000,
      cacheWrite: 1_000,
      output: 300,
      inputConvention: "inclusive",
    });
    expect(tokens(usage)).toEqual({
      input: 6_200,
      output: 300,
      inputUncached: 200,
      cacheRead: 5_000,
      cacheWrite5m: 1_000,
    });
    expect(usage.basis).toBe("rule");
  });

  it("Langfuse 14754: an agent's aggregate has the normal form of its calls, so that it can be matched", () => {
    const child = normalise({ input: 14_426, output: 771 });
    const parent = normalise({ input: 14_426, output: 771, total: 15_197 });
    expect(tokens(parent)).toEqual(tokens(child));
  });

  it("TensorZero 5481: the last report of a stream replaces the one before it", () => {
    const raw = rawUsage({ input: 20, output: 1 });
    const into = createNormalUsage();
    normaliseUsage(raw, into);
    raw.output = 15;
    expect(normaliseUsage(raw, into).output).toBe(15);
  });

  it("LiteLLM 37992: zeros that were sent are reported zeros", () => {
    const usage = normalise({ input: 0, output: 0, total: 0 });
    expect(tokens(usage)).toEqual({ input: 0, output: 0, inputUncached: 0 });
    expect(usage).toMatchObject({ source: "reported", flags: 0 });
  });
});

describe("cached input that is only in the total", () => {
  const bedrock = { input: 313, output: 98, total: 1_639 };

  it("is part of the input, where that is known to leave it out", () => {
    const usage = normalise({ ...bedrock, inputConvention: "exclusive" });
    expect(tokens(usage)).toEqual({ input: 1_541, inputUncached: 1_541, output: 98 });
    expect(usage).toMatchObject({ source: "derived", flags: 0 });
  });

  it.each([
    ["nobody knows how the input is counted", {}],
    ["it was sent as none", { inputConvention: "exclusive" as const, cacheRead: 0 }],
  ])("is nobody's when %s", (_, more) => {
    const usage = normalise({ ...bedrock, ...more });
    expect(usage).toMatchObject({ input: 313, source: "reported" });
    expect(usageFlagNames(usage.flags)).toEqual(["totalMismatch"]);
  });
});

describe("reasoning that is only in the total", () => {
  const google = { input: 1_558, output: 74, total: 1_664 };

  it("is what is left of it, where the output is known to leave the reasoning out", () => {
    const usage = normalise({ ...google, cacheRead: 1_030, outputConvention: "exclusive" });
    expect(tokens(usage)).toMatchObject({ input: 1_558, output: 106, reasoning: 32 });
    expect(usage).toMatchObject({ source: "derived", flags: 0 });
  });

  it.each([
    ["nobody knows how the output is counted", {}],
    ["the parts are all apart, cached tokens too", { outputConvention: "disjoint" as const }],
    [
      "the input leaves cached tokens out",
      { outputConvention: "exclusive" as const, inputConvention: "exclusive" as const },
    ],
    ["the reasoning was sent as none", { outputConvention: "exclusive" as const, reasoning: 0 }],
  ])("is nobody's when %s", (_, more) => {
    const usage = normalise({ ...google, ...more });
    expect(usage).toMatchObject({ output: 74, source: "reported" });
    expect(usageFlagNames(usage.flags)).toEqual(["totalMismatch"]);
  });
});

describe("cached tokens and the input", () => {
  const cached = { cacheRead: 1_024, cacheWrite: 2_000 };

  it("follows the definition (inclusive) when nothing else is known", () => {
    expect(normalise({ input: 3_117, ...cached })).toMatchObject({
      input: 3_117,
      inputUncached: 93,
      basis: "spec",
    });
  });

  it("follows the rule table before the definition", () => {
    expect(normalise({ input: 4_000, ...cached, inputConvention: "exclusive" })).toMatchObject({
      input: 7_024,
      inputUncached: 4_000,
      basis: "rule",
    });
  });

  it("follows a proof before the rule table, and says that the rule is wrong", () => {
    const usage = normalise({ input: 93, ...cached, inputConvention: "inclusive" });
    expect(usage).toMatchObject({ input: 3_117, inputUncached: 93, basis: "proven" });
    expect(usageFlagNames(usage.flags)).toEqual(["ruleContradicted"]);
  });

  it("takes cached = input as inclusive, and cached = input + 1 as proof of the opposite", () => {
    expect(normalise({ input: 1_024, cacheRead: 1_024 })).toMatchObject({
      input: 1_024,
      inputUncached: 0,
      basis: "spec",
    });
    expect(normalise({ input: 1_024, cacheRead: 1_025 })).toMatchObject({
      input: 2_049,
      inputUncached: 1_024,
      basis: "proven",
    });
  });

  it("proves nothing by total = input + output, which clients compute themselves", () => {
    expect(
      normalise({
        input: 5_000,
        output: 46,
        total: 5_046,
        ...cached,
        inputConvention: "exclusive",
      }),
    ).toMatchObject({ input: 8_024, basis: "rule", flags: 0 });
    expect(normalise({ input: 5_000, output: 46, total: 5_046, ...cached })).toMatchObject({
      input: 5_000,
      basis: "spec",
      flags: 0,
    });
  });

  it("proves exclusive counts by a total that holds them", () => {
    expect(normalise({ input: 5_000, output: 46, total: 8_070, ...cached })).toMatchObject({
      input: 8_024,
      inputUncached: 5_000,
      basis: "proven",
      flags: 0,
    });
  });

  it("has nothing to decide when the cache was reported unused", () => {
    expect(normalise({ input: 10, cacheRead: 0, cacheWrite: 0 })).toMatchObject({
      inputUncached: 10,
      cacheRead: 0,
      cacheWrite5m: 0,
      basis: "proven",
    });
  });

  it("leaves the cache columns unknown when the producer has no cache counts", () => {
    const usage = normalise({ input: 10, output: 2 });
    expect(usage).toMatchObject({ inputUncached: 10, basis: "spec" });
    expect(usage.cacheRead).toBeUndefined();
    expect(usage.cacheWrite5m).toBeUndefined();
  });

  it("flags a total that nothing explains, and bills the difference to nobody", () => {
    const usage = normalise({ input: 100, output: 10, total: 150 });
    expect(tokens(usage)).toEqual({ input: 100, output: 10, inputUncached: 100 });
    expect(usageFlagNames(usage.flags)).toEqual(["totalMismatch"]);
  });
});

describe("the split of written tokens", () => {
  it("keeps the split that Anthropic sends beside the sum", () => {
    expect(
      tokens(normalise({ input: 5, cacheWrite: 300, cacheWrite5m: 100, cacheWrite1h: 200 })),
    ).toEqual({ input: 305, inputUncached: 5, cacheWrite5m: 100, cacheWrite1h: 200 });
  });

  it("gives what is not in the split the default time to live", () => {
    expect(tokens(normalise({ input: 5, cacheWrite: 300, cacheWrite1h: 200 }))).toEqual({
      input: 305,
      inputUncached: 5,
      cacheWrite5m: 100,
      cacheWrite1h: 200,
    });
  });

  it("works without the sum", () => {
    expect(tokens(normalise({ input: 5, cacheWrite1h: 200 }))).toEqual({
      input: 205,
      inputUncached: 5,
      cacheWrite1h: 200,
    });
  });

  it("flags a split above the sum and keeps the split", () => {
    const usage = normalise({ input: 5, cacheWrite: 100, cacheWrite5m: 100, cacheWrite1h: 200 });
    expect(tokens(usage)).toMatchObject({ cacheWrite5m: 100, cacheWrite1h: 200, input: 305 });
    expect(usageFlagNames(usage.flags)).toEqual(["cacheWriteMismatch"]);
  });
});

describe("reasoning tokens and the output", () => {
  it("are part of the output by definition", () => {
    expect(normalise({ input: 1, output: 100, reasoning: 60, cacheRead: 0 })).toMatchObject({
      output: 100,
      reasoning: 60,
      basis: "spec",
    });
  });

  it("are added when the rule table says that the producer leaves them out (Gemini)", () => {
    expect(
      normalise({ input: 1, output: 100, reasoning: 60, outputConvention: "exclusive" }),
    ).toMatchObject({ output: 160, reasoning: 60 });
  });

  it("are proven to be outside when they exceed the output, and not when they equal it", () => {
    expect(normalise({ input: 1, output: 100, reasoning: 101, cacheRead: 0 })).toMatchObject({
      output: 201,
      basis: "proven",
    });
    expect(normalise({ input: 1, output: 100, reasoning: 100 })).toMatchObject({ output: 100 });
  });

  it("are proven to be outside by a total that holds them (xAI, Gemini)", () => {
    expect(
      normalise({ input: 30, output: 10, reasoning: 8, total: 48, cacheRead: 0 }),
    ).toMatchObject({ input: 30, output: 18, basis: "proven", flags: 0 });
  });

  it("are outside together with the cached tokens when the total holds both", () => {
    expect(
      normalise({ input: 30, output: 10, cacheRead: 20, reasoning: 8, total: 68 }),
    ).toMatchObject({ input: 50, output: 18, basis: "proven", flags: 0 });
  });

  it("prove nothing when the total fits the cached and the reasoning tokens alike", () => {
    const usage = normalise({ input: 30, output: 10, cacheRead: 8, reasoning: 8, total: 48 });
    expect(usage).toMatchObject({ input: 30, output: 10, basis: "spec" });
    expect(usageFlagNames(usage.flags)).toEqual(["totalMismatch"]);
  });
});

describe("a missing total of one direction", () => {
  it("stays unknown when the total only says the input again (embeddings, streams that broke off)", () => {
    const usage = normalise({ input: 8, total: 8 });
    expect(usage).toMatchObject({ output: undefined, source: "reported", flags: 0 });
  });

  it("is the reasoning when the total leaves exactly that over", () => {
    expect(normalise({ input: 8, reasoning: 5, total: 13 })).toMatchObject({
      output: 5,
      source: "derived",
    });
  });

  it("is derived as output only when the input is known to hold cached tokens", () => {
    expect(normalise({ input: 8, total: 20, inputConvention: "inclusive" })).toMatchObject({
      output: 12,
      source: "derived",
    });
    const unknown = normalise({ input: 8, total: 20 });
    expect(unknown).toMatchObject({ source: "reported", flags: USAGE_FLAG.totalMismatch });
    expect(unknown.output).toBeUndefined();
  });

  it("is derived as input, cached tokens included", () => {
    expect(normalise({ output: 8, cacheRead: 5, total: 20 })).toMatchObject({
      input: 12,
      inputUncached: 7,
      source: "derived",
    });
  });

  it("stays unknown when the parts do not fit into it", () => {
    const usage = normalise({ output: 8, cacheRead: 50, total: 20 });
    expect(usage.input).toBeUndefined();
    expect(usage.flags).toBe(USAGE_FLAG.totalMismatch);
  });

  it("stays unknown when there is only a grand total", () => {
    const usage = normalise({ total: 20 });
    expect(tokens(usage)).toEqual({});
    expect(usage).toMatchObject({ source: "missing", flags: USAGE_FLAG.totalMismatch });
  });
});

describe("modalities", () => {
  it("leave the text that is not cached", () => {
    expect(
      tokens(normalise({ input: 100, cacheRead: 20, audioInput: 30, imageInput: 10, output: 9 })),
    ).toMatchObject({ input: 100, inputUncached: 40, audioInput: 30, imageInput: 10 });
  });

  it("give way to the cache where both count the same tokens", () => {
    const usage = normalise({ input: 100, cacheRead: 90, audioInput: 60, imageInput: 5 });
    expect(tokens(usage)).toEqual({
      input: 100,
      inputUncached: 0,
      cacheRead: 90,
      audioInput: 5,
      imageInput: 5,
    });
    expect(usageFlagNames(usage.flags)).toEqual(["partsOverlap"]);
  });

  it("are cut to the output that is not reasoning", () => {
    const usage = normalise({ input: 1, output: 10, reasoning: 4, audioOutput: 7 });
    expect(usage).toMatchObject({ output: 10, audioOutput: 6, flags: USAGE_FLAG.partsOverlap });
  });
});

describe("counts that are none", () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])(
    "%d is not sent, and flagged",
    (value) => {
      const usage = normalise({ input: value, output: 3 });
      expect(usage.input).toBeUndefined();
      expect(usage).toMatchObject({ output: 3, flags: USAGE_FLAG.invalidCount });
    },
  );

  it("accepts the most that one call can have, and -0 as 0", () => {
    expect(normalise({ input: TOKENS_MAX })).toMatchObject({ input: TOKENS_MAX, flags: 0 });
    expect(Object.is(normalise({ input: -0 }).input, 0)).toBe(true);
  });

  it("refuses more than one call can have, and keeps the counts beside it", () => {
    const usage = normalise({ input: 5, output: 10 ** 15, cacheRead: TOKENS_MAX + 1 });
    expect(tokens(usage)).toEqual({ input: 5, inputUncached: 5 });
    expect(usageFlagNames(usage.flags)).toEqual(["invalidCount"]);
  });

  it("the uncached input sent beside the input proves whether that contains the cache", () => {
    const parts = { inputUncached: 93, cacheRead: 24, cacheWrite: 20 };
    const inclusive = normalise({ input: 137, ...parts });
    const exclusive = normalise({ input: 93, ...parts });
    const alone = normalise(parts);
    for (const usage of [inclusive, exclusive, alone]) {
      expect(usage).toMatchObject({ input: 137, inputUncached: 93, basis: "proven", flags: 0 });
    }
  });

  it("the text output sent beside the output proves whether that contains the reasoning", () => {
    const parts = { outputText: 14, reasoning: 10 };
    for (const usage of [
      normalise({ output: 24, ...parts }),
      normalise({ output: 14, ...parts }),
      normalise(parts),
    ]) {
      expect(usage).toMatchObject({ output: 24, reasoning: 10, flags: 0 });
    }
  });

  it("buckets that share nothing add up, modalities included", () => {
    const usage = normalise({
      input: 10,
      audioInput: 3,
      cacheRead: 5,
      output: 7,
      audioOutput: 2,
      reasoning: 4,
      inputConvention: "disjoint",
      outputConvention: "disjoint",
    });
    expect(usage).toMatchObject({ input: 18, inputUncached: 10, output: 13, basis: "rule" });
  });

  it("a guess of the output counts only where nothing is known of it, and the input is", () => {
    expect(normalise({ input: 10, outputEstimate: 7 })).toMatchObject({
      input: 10,
      output: 7,
      source: "estimated",
    });
    expect(normalise({ input: 10, output: 3, outputEstimate: 7 })).toMatchObject({
      output: 3,
      source: "reported",
    });
    expect(normalise({ outputEstimate: 7 })).toMatchObject({
      output: undefined,
      source: "missing",
    });
    expect(normalise({ input: 10, outputEstimate: -1 })).toMatchObject({ output: undefined });
  });

  it("what the provider's own answer says stands, whatever the producer made of it", () => {
    const usage = normalise({
      input: 30,
      output: 4_000,
      total: 1_370,
      cacheRead: 1_000,
      cacheWrite: 300,
      observedInput: 1_330,
      observedOutput: 40,
      inputConvention: "exclusive",
      outputConvention: "exclusive",
      reasoning: 10,
    });
    expect(usage).toMatchObject({ input: 1_330, inputUncached: 30, output: 40, reasoning: 10 });
    expect(usage).toMatchObject({ basis: "proven", source: "reported", flags: 0 });
  });

  it("what the provider's tools put into the prompt is input beside the input", () => {
    const counts = {
      input: 1_117,
      output: 14,
      cacheRead: 1_024,
      reasoning: 32,
      toolUsePrompt: 500,
    };
    const usage = normalise({ ...counts, total: 1_663, outputConvention: "exclusive" });
    expect(usage).toMatchObject({
      input: 1_617,
      inputUncached: 593,
      toolUsePrompt: 500,
      output: 46,
    });
    expect(usage).toMatchObject({ source: "reported", flags: 0 });
    expect(normalise(counts)).toMatchObject({ input: 1_617, toolUsePrompt: 500 });
  });

  it("whatever the total of a client leaves out", () => {
    const usage = normalise({
      input: 1_117,
      inputUncached: 93,
      cacheRead: 1_024,
      output: 14,
      toolUsePrompt: 500,
      total: 1_131,
    });
    expect(usage).toMatchObject({ input: 1_617, inputUncached: 593, basis: "proven", flags: 0 });
  });

  it("but it is in the input that the provider's own answer says", () => {
    const usage = normalise({
      observedInput: 1_617,
      observedOutput: 46,
      toolUsePrompt: 500,
      input: 1_117,
    });
    expect(usage).toMatchObject({ input: 1_617, inputUncached: 1_617, toolUsePrompt: 500 });
  });

  const UNSURE = USAGE_FLAG.unsureRest;
  it.each([
    {
      is: "what is not told",
      more: { reasoning: 31, rest: "thoughts or tools" },
      counts: { input: 2_052, output: 98, reasoning: 31, toolUsePrompt: 511, flags: 0 },
    },
    {
      is: "no thoughts where these are always told",
      more: { rest: "tools" },
      counts: { input: 2_083, output: 67, toolUsePrompt: 542, flags: 0 },
    },
    {
      is: "thoughts where what tools brought is told",
      more: { toolUsePrompt: 511, rest: "thoughts or tools" },
      counts: { input: 2_052, output: 98, reasoning: 31, flags: 0 },
    },
    {
      is: "thoughts, for all that is known",
      more: { rest: "thoughts or tools" },
      counts: { input: 1_541, output: 609, reasoning: 542, flags: UNSURE },
    },
  ] as const)("the rest of Google's total is $is", ({ more, counts }) => {
    const sent = { input: 1_541, output: 67, total: 2_150, outputConvention: "exclusive" } as const;
    expect(normalise({ ...sent, ...more })).toMatchObject({ ...counts, source: "derived" });
  });

  it("no count at all is missing, without a basis", () => {
    const usage = normalise({});
    expect(tokens(usage)).toEqual({});
    expect(usage).toMatchObject({ source: "missing", basis: undefined, flags: 0 });
  });
});

const count = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 6, arbitrary: fc.nat(200) },
  { weight: 2, arbitrary: fc.nat(3_000_000) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.maxSafeNat() },
);
const convention = fc.constantFrom(undefined, "inclusive" as const, "exclusive" as const);
const anyRaw: fc.Arbitrary<RawUsage> = fc.record({
  input: count,
  inputUncached: count,
  toolUsePrompt: count,
  output: count,
  outputEstimate: count,
  outputText: count,
  total: count,
  cacheRead: count,
  cacheWrite: count,
  cacheWrite5m: count,
  cacheWrite1h: count,
  reasoning: count,
  audioInput: count,
  audioOutput: count,
  imageInput: count,
  imageOutput: count,
  webSearches: count,
  observedInput: count,
  observedOutput: count,
  inputConvention: convention,
  outputConvention: convention,
  rest: fc.constantFrom(undefined, "tools" as const, "thoughts or tools" as const),
});

const sum = (...parts: (number | undefined)[]): number =>
  parts.reduce<number>((total, part) => total + (part ?? 0), 0);

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** What breaks the promise of the normal form. */
function defects(usage: NormalUsage): string[] {
  const { cacheRead, cacheWrite5m, cacheWrite1h, audioInput, imageInput } = usage;
  const cached = sum(cacheRead, cacheWrite5m, cacheWrite1h);
  const inputParts = sum(usage.inputUncached, cached, audioInput, imageInput);
  const outputParts = sum(usage.reasoning, usage.audioOutput);
  const checks: Record<string, boolean> = {
    "a count is a safe integer": Object.values(tokens(usage)).every(isCount),
    "an unknown input has no remainder":
      usage.input !== undefined || usage.inputUncached === undefined,
    "input parts add up": usage.input === undefined || inputParts === usage.input,
    "no more came from tools than was not cached":
      usage.input === undefined || sum(usage.toolUsePrompt) <= sum(usage.inputUncached),
    "output parts fit": usage.output === undefined || outputParts <= usage.output,
  };
  return Object.keys(checks).filter((name) => checks[name] === false);
}

describe("normal form, whatever was sent", () => {
  it("has safe integers or nothing, and parts that add up to their totals", () => {
    fc.assert(
      fc.property(anyRaw, (raw) => {
        const usage = normaliseUsage(raw, createNormalUsage());
        expect(defects(usage)).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
  });

  it("is the same in a fresh object and in one that was used before", () => {
    const reused = createNormalUsage();
    fc.assert(
      fc.property(anyRaw, (raw) => {
        expect(normaliseUsage(raw, reused)).toEqual(normaliseUsage(raw, createNormalUsage()));
      }),
      { numRuns: 1_000 },
    );
  });

  it("does not change when it is normalised again as inclusive counts", () => {
    fc.assert(
      fc.property(anyRaw, (raw) => {
        const first = normaliseUsage(raw, createNormalUsage());
        const again = normalise({
          ...tokens(first),
          // Raw, it would be beside the input.
          toolUsePrompt: undefined,
          inputConvention: "inclusive",
          outputConvention: "inclusive",
        });
        fc.pre(first.input !== undefined && first.output !== undefined);
        expect(tokens({ ...first, toolUsePrompt: undefined })).toEqual(tokens(again));
      }),
      { numRuns: 2_000 },
    );
  });

  it("comes to the same for the inclusive and the exclusive way to say one thing", () => {
    fc.assert(
      fc.property(fc.nat(9_999), fc.nat(9_999), fc.nat(9_999), (uncached, cacheRead, output) => {
        const inclusive = normalise({
          input: uncached + cacheRead,
          cacheRead,
          output,
          inputConvention: "inclusive",
        });
        const exclusive = normalise({
          input: uncached,
          cacheRead,
          output,
          inputConvention: "exclusive",
        });
        expect(tokens(exclusive)).toEqual(tokens(inclusive));
      }),
    );
  });
});

describe("clearRawUsage", () => {
  it("leaves nothing of the span before", () => {
    fc.assert(
      fc.property(anyRaw, (raw) => {
        clearRawUsage(raw);
        expect(raw).toEqual(createRawUsage());
      }),
    );
  });
});
