/** Scripts for the guards of both languages: a policy, and what happens under it, at random and always the same. */

/** What of an answer matters to a guard. */
export interface ScriptFacts {
  readonly input: number;
  /** Null: the provider has not said. */
  readonly output: number | null;
  /** Answers that came to their end. */
  readonly finished: number;
  readonly outputTokensAtMost: number;
  readonly problem: "stream_broken_off" | "body_not_read" | null;
  readonly model: string | null;
}

export type GuardStep = { readonly atMs: number; readonly silentMs?: number } & (
  | { readonly kind: "policy"; readonly policy: unknown }
  /** Of the ledger, to the question that is open for longest; null: it cannot be reached. */
  | {
      readonly kind: "answer";
      readonly addedNano: number | null;
      readonly ttlMs: number;
      readonly retryAfterMs: number;
      /** Before the question, where there is no answer. */
      readonly silentForMs: number;
      /** Of the whole budget, beyond the lease. */
      readonly freeNano: number;
      readonly lentNano: number;
    }
  | {
      readonly kind: "call";
      readonly url: string;
      readonly body: string;
      readonly attribution: Readonly<Record<string, string>>;
      readonly isBodyChangeable: boolean;
      readonly isCuttable: boolean;
      readonly canWait: boolean;
    }
  | { readonly kind: "meter"; readonly call: number; readonly facts: ScriptFacts }
  | {
      readonly kind: "end";
      readonly call: number;
      readonly how: "answered" | "refused" | "unsent" | "broken";
      readonly facts?: ScriptFacts;
    }
);

export interface GuardScript {
  readonly name: string;
  readonly policy: unknown;
  /** The process has its budgets for itself; else a ledger is asked, and answers when the script says so. */
  readonly isLocal: boolean;
  readonly steps: readonly GuardStep[];
}

const START_MS = Date.parse("2026-11-24T12:00:00Z");
const SCRIPTS = 48;
const STEPS = 40;
const SEED = 20_261_130;

type Below = (limit: number) => number;

const oneOf = <T>(below: Below, list: readonly T[]): T => list[below(list.length)] as T;

/** A generator that always gives the same. */
function generator(seed: number): Below {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const OWN_PRICES = {
  formatVersion: 1,
  entries: [
    {
      provider: "openai",
      modelPrefix: "gpt-99",
      serviceTier: "standard",
      prices: { input_mtok: 2, output_mtok: { base: 8, tiers: [{ start: 1000, price: 16 }] } },
      recordedAt: "2026-11-01T00:00:00.000Z",
      recordedBy: "ops",
      source: "contract",
    },
    {
      project: "shop",
      provider: "openai",
      model: "gpt-4o-mini",
      serviceTier: "standard",
      multiplier: "0.5",
      validFrom: "2026-11-24T12:00:30.000Z",
      recordedAt: "2026-11-02T00:00:00.000Z",
      recordedBy: "ops",
      source: "contract",
    },
  ],
};

const SCOPES = [
  {},
  {},
  { team: "a" },
  { model: "gpt-4o*" },
  { provider: "anthropic", environment: "prod" },
  { user: "u1" },
];

function policyOf(below: Below, version: number): unknown {
  const budgets = Array.from({ length: 1 + below(3) }, (_, index) => ({
    id: `bud_${index}`,
    name: `budget ${index}`,
    scope: oneOf(below, SCOPES),
    ...(below(4) === 0 && { each: "user" }),
    limitNanoUsd: String(500_000 + below(40) * 400_000),
    mode: oneOf(below, ["enforce", "enforce", "enforce", "warn", "observe"]),
    failMode: oneOf(below, ["closed", "spend_lease_then_closed", "open"]),
    unknownPrice: oneOf(below, ["block", "assume_family_max", "allow"]),
    clamp: below(2) === 0,
    periodStartsAt: "2026-11-24T12:00:00.000Z",
    ...(below(2) === 0 && {
      resetsAt: "2026-11-24T12:01:00.000Z",
      laterResetsAt: ["2026-11-24T12:02:30.000Z"],
      ...(below(2) === 0 && { windowMs: 120_000 }),
    }),
  }));
  const isSwitched = below(8) === 0;
  return {
    formatVersion: 1,
    version,
    issuedAt: "2026-11-24T12:00:00.000Z",
    ...(below(3) === 0 && { maxStalenessSeconds: 90, staleMode: staleMode(below) }),
    budgets,
    killSwitches: isSwitched
      ? [
          {
            id: "kill_1",
            scope: { model: "claude-*" },
            reason: "a loop",
            triggeredAt: "2026-11-24T11:59:00.000Z",
          },
        ]
      : [],
    ...(below(3) === 0 && { prices: OWN_PRICES }),
  };
}

const staleMode = (below: Below): string => oneOf(below, ["closed", "last_known", "open"]);

const WORDS = "Sum up the 12 invoices of ACME GmbH — quickly, in JSON.\n";

function messagesOf(below: Below): unknown[] {
  const text = WORDS.repeat(1 + below(9));
  const image = { url: "https://example.com/a.png" };
  const parts = [
    { type: "text", text },
    { type: "image_url", image_url: image },
  ];
  return [{ role: "user", content: below(6) === 0 ? parts : text }];
}

function requestOf(below: Below): { url: string; body: string } {
  const messages = messagesOf(below);
  const limit = oneOf(below, [undefined, 50, 400, 3000]);
  const stream = below(2) === 0;
  const kind = below(7);
  if (kind === 0) {
    const thinking = { type: "enabled", budget_tokens: 100 };
    const request = {
      model: oneOf(below, ["claude-haiku-4-5", "claude-opus-4-1-20250805"]),
      messages,
      max_tokens: limit ?? 1000,
      ...(below(3) === 0 && { thinking }),
      ...(stream && { stream }),
    };
    return { url: "https://api.anthropic.com/v1/messages", body: JSON.stringify(request) };
  }
  if (kind === 1) {
    const path = `models/gemini-2.5-flash:${stream ? "streamGenerateContent" : "generateContent"}`;
    const contents = [{ role: "user", parts: [{ text: WORDS }] }];
    const generationConfig = limit === undefined ? undefined : { maxOutputTokens: limit };
    const body = JSON.stringify({ contents, generationConfig });
    return { url: `https://generativelanguage.googleapis.com/v1beta/${path}`, body };
  }
  const request = {
    model: oneOf(below, ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o-2024-08-06", "gpt-99-turbo"]),
    messages,
    ...(limit !== undefined && { [oneOf(below, LIMIT_NAMES)]: limit }),
    ...(below(5) === 0 && { n: 2 }),
    ...(below(5) === 0 && { tools: [{ type: "web_search", max_uses: 2 }] }),
    ...(stream && { stream }),
  };
  const host = oneOf(below, ["https://api.openai.com", "https://api.openai.com", "http://gw:4000"]);
  return { url: `${host}/v1/chat/completions`, body: JSON.stringify(request) };
}

const LIMIT_NAMES = ["max_tokens", "max_completion_tokens"] as const;

function factsOf(below: Below, isWhole: boolean): ScriptFacts {
  const output = below(1200);
  return {
    input: 50 + below(900),
    output: isWhole && below(5) > 0 ? output : null,
    finished: isWhole ? 1 + below(2) : 0,
    outputTokensAtMost: below(4) === 0 ? 0 : output + below(600),
    problem: isWhole ? null : oneOf(below, ["stream_broken_off", "stream_broken_off", null]),
    model: oneOf(below, [null, "gpt-4o-mini-2024-07-18", "no-such-model"]),
  };
}

function callStep(below: Below): GuardStep & { kind: "call" } {
  return {
    kind: "call",
    atMs: 0,
    ...requestOf(below),
    attribution: oneOf<Readonly<Record<string, string>>>(below, [
      {},
      { team: "a", user: "u1" },
      { user: "u2", route: "/chat" },
      { user: "u1", tenant: "t" },
    ]),
    isBodyChangeable: below(4) > 0,
    isCuttable: below(4) > 0,
    canWait: below(3) > 0,
  };
}

function meterStep(below: Below, call: number): GuardStep {
  return { kind: "meter", atMs: 0, call, facts: factsOf(below, false) };
}

const ENDS = ["answered", "answered", "answered", "refused", "unsent", "broken"] as const;

function endStep(below: Below, call: number): GuardStep {
  const how = oneOf(below, ENDS);
  const facts = how === "answered" ? { facts: factsOf(below, below(4) > 0) } : {};
  return { kind: "end", atMs: 0, call, how, ...facts };
}

function answerStep(below: Below): GuardStep {
  const addedNano = below(5) === 0 ? null : below(40) * 200_000;
  return {
    kind: "answer",
    atMs: 0,
    addedNano,
    ttlMs: oneOf(below, [30_000, 30_000, 2000]),
    retryAfterMs: oneOf(below, [0, 1000, 4000]),
    silentForMs: oneOf(below, [0, 8000, 20_000]),
    freeNano: below(3) * 900_000,
    lentNano: below(3) * 5_000_000,
  };
}

function scriptOf(index: number): GuardScript {
  const below = generator(SEED + index);
  const isLocal = index % 3 === 0;
  let atMs = START_MS;
  let calls = 0;
  const steps: GuardStep[] = [];
  for (let at = 0; at < STEPS; at += 1) {
    atMs += oneOf(below, [0, 0, 1000, 7000]);
    const kind = below(20);
    let step: GuardStep;
    if (kind < 8 || calls === 0) {
      step = callStep(below);
      calls += 1;
    } else if (kind < 12) step = meterStep(below, below(calls));
    else if (kind < 16) step = endStep(below, below(calls));
    else if (kind < 19) step = answerStep(below);
    else step = { kind: "policy", atMs, policy: policyOf(below, at + 2) };
    const silentMs = below(6) === 0 ? below(200) * 1000 : undefined;
    steps.push({ ...step, atMs, ...(silentMs !== undefined && { silentMs }) });
  }
  const name = `${isLocal ? "by itself" : "with a ledger"}, ${index}`;
  return { name, policy: policyOf(below, 1), isLocal, steps };
}

/** Many equal calls first, so that the length of answers is learned; streams reserve by that. */
function learningScript(): GuardScript {
  const below = generator(SEED);
  const body = JSON.stringify({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: WORDS }],
    stream: true,
  });
  const url = "https://api.openai.com/v1/chat/completions";
  const can = { isBodyChangeable: true, isCuttable: true, canWait: true };
  const steps: GuardStep[] = [];
  for (let call = 0; call < 24; call += 1) {
    const output = 100 + 10 * below(9);
    const facts = { input: 20, finished: 1, problem: null, model: null, output };
    const outputTokensAtMost = output * 2;
    const atMs = START_MS + call * 100;
    steps.push({ kind: "call", atMs, url, body, attribution: {}, ...can });
    steps.push({
      kind: "end",
      atMs,
      call,
      how: "answered",
      facts: { ...facts, outputTokensAtMost },
    });
  }
  const budget = {
    id: "bud_0",
    name: "all",
    scope: {},
    limitNanoUsd: "30000000",
    mode: "enforce",
    failMode: "closed",
    unknownPrice: "block",
    clamp: true,
    periodStartsAt: "2026-11-24T12:00:00.000Z",
  };
  const policy = {
    formatVersion: 1,
    version: 1,
    issuedAt: "2026-11-24T12:00:00.000Z",
    budgets: [budget],
    killSwitches: [],
  };
  return { name: "what was learned", policy, isLocal: true, steps };
}

export const GUARD_SCRIPTS: readonly GuardScript[] = [
  learningScript(),
  ...Array.from({ length: SCRIPTS }, (_, index) => scriptOf(index)),
];
