import type { ProducerFigures } from "@lensai/analytics/queries/producer-figures";
import { describe, expect, test } from "vitest";
import { sourceFixes } from "#lib/source-fixes.ts";
import { coverageOf, producerLines, type SourcesAnswer } from "#lib/sources.ts";

const producer = {
  serviceName: "shop",
  scopeName: "openai",
  scopeVersion: "1.0",
  dialect: "otel-gen-ai",
};
const python = { ...producer, scopeName: "opentelemetry.instrumentation.openai_v2" };

const figure = (values: Partial<ProducerFigures> = {}): ProducerFigures => ({
  ...producer,
  records: 10,
  calls: 10,
  billedCalls: 10,
  failedCalls: 0,
  repeatedRecords: 0,
  aggregateRecords: 0,
  notBilledNanoUsd: 0n,
  reportedCalls: 10,
  estimatedCalls: 0,
  missingCalls: 0,
  pricedCalls: 10,
  costNanoUsd: 1000n,
  estimatedNanoUsd: 0n,
  pricedTokens: 500n,
  firstUnixMs: 1,
  lastUnixMs: 2,
  ...values,
});

const answer = (values: Partial<SourcesAnswer> = {}): SourcesAnswer => ({
  figures: [figure()],
  otherProducers: undefined,
  findings: [],
  repeats: [],
  unpriced: [],
  otherUnpriced: undefined,
  outcomes: [],
  losses: [],
  ...values,
});

const unpriced = {
  provider: "openai",
  model: "own",
  serviceTier: undefined,
  calls: 2,
  inputTokens: 40n,
  outputTokens: 10n,
  clientCostNanoUsd: undefined,
  lastUnixMs: 2,
};

describe("coverage", () => {
  test("adds up what all producers sent", () => {
    const figures = [
      figure({ repeatedRecords: 3, aggregateRecords: 1, notBilledNanoUsd: 70n }),
      figure({ reportedCalls: 6, estimatedCalls: 4, estimatedNanoUsd: 200n }),
    ];
    expect(coverageOf(answer({ figures }))).toMatchObject({
      billedCalls: 20,
      reportedCalls: 16,
      estimatedCalls: 4,
      costNanoUsd: 2000n,
      estimatedNanoUsd: 200n,
      notBilledRecords: 4,
      notBilledNanoUsd: 70n,
      possibleRepeats: 0,
      possibleRepeatsNanoUsd: 0n,
    });
  });

  test("counts what has no line of its own", () => {
    const known = coverageOf(answer());
    const all = coverageOf(
      answer({
        otherProducers: { producers: 7, ...figure({ missingCalls: 1 }) },
        unpriced: [unpriced],
        otherUnpriced: { models: 3, ...unpriced },
      }),
    );
    expect(all.billedCalls).toBe(known.billedCalls + 10);
    expect(all.costNanoUsd).toBe(known.costNanoUsd * 2n);
    // 100 tokens at 2 nano-USD, and a call at 100.
    expect(all.atStakeNanoUsd).toBe(300n);
  });

  test("puts unpriced tokens and missing calls at stake at the average of what is priced", () => {
    // 2 nano-USD a token, 100 a call.
    const figures = [figure({ missingCalls: 3 })];
    expect(coverageOf(answer({ figures, unpriced: [unpriced] })).atStakeNanoUsd).toBe(400n);
  });

  test("does not guess a stake when nothing is priced", () => {
    const figures = [figure({ pricedCalls: 0, costNanoUsd: 0n, pricedTokens: 0n })];
    expect(coverageOf(answer({ figures, unpriced: [unpriced] })).atStakeNanoUsd).toBeUndefined();
  });

  test("tells a client that lost nothing from one that does not say", () => {
    const fine = {
      serviceName: "shop",
      stage: "processor",
      errorType: undefined,
      records: 9,
    } as const;
    expect(coverageOf(answer()).droppedRecords).toBeUndefined();
    expect(coverageOf(answer({ losses: [fine] })).droppedRecords).toBe(0);
    const lost = { ...fine, errorType: "queue_full", records: 4 };
    expect(coverageOf(answer({ losses: [fine, lost] })).droppedRecords).toBe(4);
  });
});

describe("calls that another service may have sent as well", () => {
  const repeat = { ...producer, callerServiceName: "app", calls: 3, costNanoUsd: 70_000_000n };

  test("are at stake, with their producer, and stay billed", () => {
    const asked = answer({ repeats: [repeat] });
    const stake = { possibleRepeats: 3, possibleRepeatsNanoUsd: 70_000_000n };
    expect(coverageOf(asked)).toMatchObject({ ...stake, billedCalls: 10, costNanoUsd: 1000n });
    const [line] = producerLines(asked);
    expect(line).toMatchObject({ ...stake, isKnownBad: false });
    expect(line?.notes).toEqual([
      "3 calls possibly the same as those of app: $0.07 billed twice if so",
    ]);
  });

  test("are to be mended once for each pair of services, by passing the trace on", () => {
    const other = { ...repeat, scopeVersion: "2.0", calls: 1, costNanoUsd: 30_000_000n };
    const fixes = sourceFixes(answer({ repeats: [repeat, other] }));
    expect(fixes).toMatchObject([
      { title: "4 calls possibly billed twice: $0.10", where: ["app", "shop"], records: 4 },
    ]);
    expect(fixes[0]?.snippet).toContain("propagation.inject");
  });
});

const nameless = {
  serviceName: undefined,
  scopeName: undefined,
  scopeVersion: undefined,
  dialect: undefined,
};

describe("what has no line of its own", () => {
  const outcome = { ...nameless, outcome: "rejected", reason: "too_large", records: 5 } as const;
  const others = { ...outcome, records: 90, others: 3 };
  const finding = { ...nameless, kind: "missing", rule: "not-sent", costNanoUsd: 0n } as const;

  test("counts in the coverage", () => {
    expect(coverageOf(answer({ outcomes: [outcome, others] })).rejectedRecords).toBe(95);
    const losses = [
      { serviceName: undefined, stage: "exporter", errorType: "timeout", records: 4, others: 2 },
    ] as const;
    expect(coverageOf(answer({ losses })).droppedRecords).toBe(4);
  });

  test("is not taken for a producer that does not say its name", () => {
    const [line] = producerLines(
      answer({
        figures: [figure(nameless)],
        outcomes: [outcome, others],
        findings: [{ ...finding, records: 8, others: 2 }],
      }),
    );
    expect(line).toMatchObject({ rejectedRecords: 5, notes: ["5 records rejected: too large"] });
    expect(producerLines(answer({ figures: [], outcomes: [others] }))).toEqual([]);
  });
});

describe("lines of producers", () => {
  const rejected = {
    serviceName: "shop",
    scopeName: "openai",
    outcome: "rejected",
    reason: "too_large",
    records: 5,
  } as const;

  test("say by rule what is not as it should be", () => {
    const findings = [
      { ...producer, kind: "repeated", rule: "twin", records: 2, costNanoUsd: 0n },
      { ...producer, kind: "missing", rule: "cut-before-usage", records: 1, costNanoUsd: 0n },
      { ...python, kind: "missing", rule: "not-sent", records: 1, costNanoUsd: 0n },
    ] as const;
    const [line] = producerLines(answer({ findings, outcomes: [rejected] }));
    expect(line?.notes).toEqual([
      "2 repeats: same call, other trace or scope",
      "1 call without usage: the call broke off before the provider said what it used",
      "5 records rejected: too large",
    ]);
    expect(line).toMatchObject({ rejectedRecords: 5, isKnownBad: false });
  });

  test("count what was refused once, under the producer's first version", () => {
    const figures = [figure(), figure({ scopeVersion: "2.0" })];
    const lines = producerLines(answer({ figures, outcomes: [rejected] }));
    expect(lines.map(({ rejectedRecords }) => rejectedRecords)).toEqual([5, 0]);
  });

  test("have one for a producer that had everything refused", () => {
    const other = { ...rejected, serviceName: "unknown" };
    const lines = producerLines(answer({ outcomes: [other] }));
    expect(lines[1]).toMatchObject({ serviceName: "unknown", records: 0, rejectedRecords: 5 });
  });

  test.each([
    ["estimated", "openlit-langchain-estimates", true],
    ["missing", "stream-without-usage", true],
    ["missing", "not-sent", false],
    ["missing", undefined, false],
    ["repeated", "nested", false],
  ] as const)("%s by %s is known to be the producer's doing: %s", (kind, rule, isKnownBad) => {
    const findings = [{ ...producer, kind, rule, records: 1, costNanoUsd: 0n }];
    expect(producerLines(answer({ findings }))[0]?.isKnownBad).toBe(isKnownBad);
  });
});

describe("what to mend", () => {
  const stream = { kind: "missing", rule: "stream-without-usage", costNanoUsd: 0n } as const;

  test("is one thing per rule and remedy, what concerns most records first", () => {
    const findings = [
      { ...producer, ...stream, records: 2 },
      { ...producer, serviceName: "desk", ...stream, records: 3 },
      { ...python, ...stream, records: 9 },
      { ...producer, kind: "missing", rule: "cut-before-usage", records: 99, costNanoUsd: 0n },
    ] as const;
    const fixes = sourceFixes(answer({ findings }));
    expect(fixes.map(({ records, where }) => [records, where.length])).toEqual([
      [9, 1],
      [5, 2],
    ]);
    expect(fixes[0]?.snippet).toContain('stream_options={"include_usage": True}');
    expect(fixes[1]?.snippet).toContain("stream_options: { include_usage: true }");
    expect(fixes[1]?.where[0]).toBe("openai 1.0 · shop");
  });

  test("names each producer once, and how many others there are", () => {
    const findings = [
      { ...producer, ...stream, records: 5 },
      { ...producer, dialect: "openlit", ...stream, records: 4 },
      { ...nameless, ...stream, records: 3, others: 7 },
    ];
    expect(sourceFixes(answer({ findings }))).toMatchObject([
      { where: ["openai 1.0 · shop", "7 others"], records: 12 },
    ]);
  });

  test("names records that count tokens and are of no call", () => {
    const unread = { kind: "unread", rule: "unread-count", costNanoUsd: 0n, records: 3 } as const;
    const [fix] = sourceFixes(answer({ findings: [{ ...producer, ...unread }] }));
    expect(fix).toMatchObject({ title: "3 records with counts that are not read", records: 3 });
    expect(fix?.advice).toContain("gen_ai.usage");
  });

  test("names what the app dropped, with a larger queue where the queue was full", () => {
    const losses = [
      { serviceName: "shop", stage: "processor", errorType: "queue_full", records: 8 },
      { serviceName: "shop", stage: "exporter", errorType: "timeout", records: 3 },
      { serviceName: "shop", stage: "exporter", errorType: undefined, records: 500 },
    ] as const;
    const fixes = sourceFixes(answer({ losses }));
    expect(fixes.map(({ title }) => title)).toEqual([
      "8 records dropped by the app before sending",
      "3 records lost in exports that failed",
    ]);
    expect(fixes[0]?.snippet).toContain("OTEL_BSP_MAX_QUEUE_SIZE");
    expect(fixes[1]?.snippet).toBeUndefined();
  });
});
