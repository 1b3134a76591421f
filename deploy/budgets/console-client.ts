import type { FaultyStack } from "./stack.ts";

export interface BudgetToMake {
  /** Also the environment whose calls it is for. */
  readonly name: string;
  readonly clamp: boolean;
  readonly limitNanoUsd: bigint;
}

/** What the console says; nano-USD. */
export interface LedgerSums {
  /** Billed, by what is in the lake. */
  readonly settledNanoUsd: bigint;
  /** Spent beyond that, or granted to processes that live. */
  readonly heldNanoUsd: bigint;
  /** What processes may have spent beyond that which are not heard any more. */
  readonly uncertainNanoUsd: bigint;
}

const PROJECT_ID = "default";

/** Makes an enforcing budget without a period; answers with its id. */
export async function createBudget(
  stack: FaultyStack,
  { name, clamp, limitNanoUsd }: BudgetToMake,
): Promise<string> {
  const made = await ask(stack, "/internal/budgets", {
    projectId: PROJECT_ID,
    name,
    scope: { environment: name },
    limitNanoUsd: String(limitNanoUsd),
    period: { kind: "total" },
    mode: "enforce",
    clamp,
  });
  return (made as { readonly budgetId: string }).budgetId;
}

export async function readLedger(stack: FaultyStack, budgetId: string): Promise<LedgerSums> {
  const path = `/internal/ledgers?projectId=${PROJECT_ID}&budgetId=${budgetId}`;
  const { ledgers } = (await ask(stack, path)) as {
    readonly ledgers: readonly {
      readonly settledNanoUsd: string;
      readonly heldNanoUsd: string;
      readonly uncertainNanoUsd: string;
    }[];
  };
  return {
    settledNanoUsd: sum(ledgers.map(({ settledNanoUsd }) => settledNanoUsd)),
    heldNanoUsd: sum(ledgers.map(({ heldNanoUsd }) => heldNanoUsd)),
    uncertainNanoUsd: sum(ledgers.map(({ uncertainNanoUsd }) => uncertainNanoUsd)),
  };
}

const sum = (amounts: readonly string[]): bigint =>
  amounts.reduce((total, amount) => total + BigInt(amount), 0n);

async function ask(
  { consoleUrl, controlToken }: FaultyStack,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${consoleUrl}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${controlToken}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`the console answers ${response.status} at ${path}: ${await response.text()}`);
  return response.json();
}
