import { expect, test } from "vitest";
import { decompose } from "../../budgets/decomposition.ts";
import type { AttemptEnd, BilledAttempt } from "../../budgets/provider/provider-log.ts";

const attempt = (callId: string, end: AttemptEnd, billNanoUsd: bigint): BilledAttempt => ({
  callId,
  isStream: true,
  startedMs: 0,
  endedMs: 1,
  end,
  inputTokens: 1,
  outputTokens: 1,
  billNanoUsd,
});

test("bills and charges are compared by how calls ended, all attempts of a call together", () => {
  const attempts = [
    attempt("tried again", "refused", 0n),
    attempt("tried again", "whole", 10n),
    attempt("whole", "whole", 20n),
    attempt("cut off", "left", 30n),
    attempt("lost", "left", 40n),
  ];
  const charges = new Map([
    ["tried again", { chargedNanoUsd: 7n, countedNanoUsd: 7n, isCutOff: false }],
    ["whole", { chargedNanoUsd: 25n, countedNanoUsd: 20n, isCutOff: false }],
    ["cut off", { chargedNanoUsd: 30n, countedNanoUsd: 30n, isCutOff: true }],
  ]);
  expect(decompose(attempts, charges)).toEqual([
    {
      kind: "cut off by the guard",
      calls: 1,
      billedNanoUsd: 30n,
      chargedNanoUsd: 30n,
      countedNanoUsd: 30n,
      mostUnderNanoUsd: 0n,
    },
    {
      kind: "process killed",
      calls: 1,
      billedNanoUsd: 40n,
      chargedNanoUsd: 0n,
      countedNanoUsd: 0n,
      mostUnderNanoUsd: 40n,
    },
    {
      kind: "stream whole",
      calls: 2,
      billedNanoUsd: 30n,
      chargedNanoUsd: 32n,
      countedNanoUsd: 27n,
      mostUnderNanoUsd: 3n,
    },
  ]);
});
