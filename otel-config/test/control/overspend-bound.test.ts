import { describe, expect, test } from "vitest";
import { HELD_ABORT_TOKENS, overspendBoundNanoUsd } from "../../src/control/overspend-bound.ts";
import type { BoundFacts } from "../../src/control/overspend-bound.ts";

const facts = (more: Partial<BoundFacts> = {}): BoundFacts => ({
  failMode: "spend_lease_then_closed",
  concurrentCallsMax: 1_024,
  choicesMax: 1,
  outputNanoUsdPerMillionTokens: 8_000_000_000n,
  abortTokensMax: HELD_ABORT_TOKENS,
  shortfallNanoUsdMax: 0n,
  uncertainNanoUsdMax: 0n,
  countedOverNanoUsd: 0n,
  unguardedNanoUsdMax: 0n,
  ...more,
});

describe("the bound of what can be spent beyond a limit", () => {
  test("is nothing where all that calls may cost is held", () => {
    expect(overspendBoundNanoUsd(facts())).toBe(0n);
    expect(overspendBoundNanoUsd(facts({ failMode: "closed", abortTokensMax: 80 }))).toBe(0n);
  });

  test("is what providers write on beyond what is held, of every answer of every call at once", () => {
    const slow = facts({ abortTokensMax: HELD_ABORT_TOKENS + 72, choicesMax: 2 });
    expect(overspendBoundNanoUsd(slow)).toBe(1_024n * 2n * 72n * 8_000n);
  });

  test("rounds parts of a nano-dollar up", () => {
    const cheap = { abortTokensMax: HELD_ABORT_TOKENS + 1, outputNanoUsdPerMillionTokens: 1n };
    expect(overspendBoundNanoUsd(facts({ ...cheap, concurrentCallsMax: 3 }))).toBe(3n);
  });

  test("grows with estimates that were too low, what is uncertain or counted already, and the unguarded", () => {
    expect(
      overspendBoundNanoUsd(
        facts({
          concurrentCallsMax: 10,
          shortfallNanoUsdMax: 7n,
          uncertainNanoUsdMax: 100n,
          countedOverNanoUsd: 10_000n,
          unguardedNanoUsdMax: 1_000n,
        }),
      ),
    ).toBe(11_170n);
  });

  test("is unknown where calls go on without the ledger", () => {
    expect(overspendBoundNanoUsd(facts({ failMode: "open" }))).toBeUndefined();
  });
});
