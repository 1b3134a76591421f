import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import type { GuardOptions } from "../../src/guard/guard.ts";
import { LocalLeases } from "../../src/guard/local-leases.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

/** One for all: a new one reads its list anew. */
const BOOK = createPriceBook();

let provider: ProviderServer;
beforeAll(async () => {
  provider = await startProviderServer();
});
afterAll(() => provider.stop());

/** Throws at the `fault`-th use of anything that it has made faulty. */
class Faults {
  uses = 0;
  readonly #fault: number;

  constructor(fault: number) {
    this.#fault = fault;
  }

  use(): void {
    this.uses += 1;
    if (this.uses === this.#fault) throw new RangeError(`use ${this.#fault}`);
  }

  within<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (of, key) => {
        this.use();
        const member: unknown = Reflect.get(of, key);
        if (typeof member !== "function") return this.#inner(member);
        return (...args: unknown[]): unknown => this.#inner(Reflect.apply(member, of, args));
      },
    });
  }

  #inner(value: unknown): unknown {
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? this.within(value)
      : value;
  }
}

const usage = { prompt_tokens: 10, completion_tokens: 4 };
const words = {
  choices: [{ index: 0, delta: { content: "some words of an answer ".repeat(60) } }],
};
const ANSWERS: Readonly<Record<string, ProviderServer["answer"]>> = {
  "a body": json({ model: "gpt-4o", choices: [{ finish_reason: "stop" }], usage }),
  "a stream": stream([
    sse(words),
    sse(words),
    sse({ choices: [{ index: 0, finish_reason: "stop" }], usage }),
  ]),
  "a refusal": json({ error: "busy" }, 503),
};

/** What the application sees of a call that the guard decides about. */
async function outcome(options: GuardOptions, limitNanoUsd: string): Promise<string> {
  const guard = new Guard({ prices: BOOK, ...options });
  const budgets = [
    budgetTerms({ id: "all", limitNanoUsd, clamp: true }),
    budgetTerms({ id: "each", each: "model", limitNanoUsd, unknownPrice: "assume_family_max" }),
  ];
  guard.apply(policyWith({ budgets }));
  const fetched = wrapFetch(fetch, { tracer: recordSpans().tracer, guard });
  const body = JSON.stringify({
    model: "gpt-4o",
    messages: [],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 90_000,
  });
  try {
    const response = await fetched(`${provider.url}/v1/chat/completions`, { method: "POST", body });
    const refusal = refusalOf(response);
    return refusal === undefined ? `${response.status} ${await response.text()}` : refusal.name;
  } catch (error) {
    return refusalOf(error)?.name ?? `threw ${String(error)}`;
  }
}

const LIMITS = ["900000000000", "7000000", "1"];

type Broken = (faults: Faults) => GuardOptions;

const PARTS: readonly (readonly [name: string, broken: Broken, limits: readonly string[]])[] = [
  [
    "the clock",
    (faults) => ({
      nowMs: () => {
        faults.use();
        return IN_THE_MONTH_MS;
      },
    }),
    LIMITS,
  ],
  [
    "the price book",
    // Every price is a use: hundreds.
    (faults) => ({ nowMs: () => IN_THE_MONTH_MS, prices: faults.within(BOOK) }),
    ["7000000"],
  ],
  [
    "the source of leases",
    (faults) => ({ nowMs: () => IN_THE_MONTH_MS, leases: faults.within(new LocalLeases()) }),
    LIMITS,
  ],
];

describe.each(PARTS)("wherever %s breaks", (...[, broken, limits]) => {
  test.each(Object.entries(ANSWERS))(
    "the application gets %s, or the guard's refusal, and nothing else",
    async (...[, answer]) => {
      provider.answer = answer;
      const whole = await outcome({ nowMs: () => IN_THE_MONTH_MS }, "900000000000");
      // With room for all, for a part of it, and for nothing.
      for (const limit of limits) {
        let fault = 0;
        let uses: number;
        do {
          fault += 1;
          const faults = new Faults(fault);
          expect([whole, "BudgetExceededError"]).toContain(await outcome(broken(faults), limit));
          uses = faults.uses;
        } while (uses >= fault);
        expect(fault).toBeGreaterThan(1);
      }
    },
  );
});

test("a policy that cannot be used is not, and what held before holds", async () => {
  const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
  guard.apply(policyWith({ version: 3, budgets: [budgetTerms({ limitNanoUsd: "0" })] }));
  guard.apply({ ...policyWith({ version: 4 }), budgets: [budgetTerms({ limitNanoUsd: "a lot" })] });
  expect(guard.policy?.version).toBe(3);
});
