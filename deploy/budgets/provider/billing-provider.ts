import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { answerTokens, planCall } from "../call-plan.ts";
import type { CallPlan } from "../call-plan.ts";
import { monotonicMs } from "../monotonic.ts";
import { tokensOf, wordsOf } from "../words.ts";
import { errorBody, lastEvents, limitOf, pieceEvents, promptOf, wholeBody } from "./openai-chat.ts";
import type { ChatRequest } from "./openai-chat.ts";
import { ABORT_SLACK_TOKENS, billOf } from "./provider-log.ts";
import type { AttemptEnd, BilledAttempt, TokenPrices } from "./provider-log.ts";

export interface ProviderOptions {
  readonly seed: string;
  /** Everything takes this share of the time that was planned. */
  readonly timeScale: number;
  readonly prices: TokenPrices;
}

export interface BillingProvider {
  readonly url: string;
  /** Requests that come from now on are billed at these. */
  changePrices(prices: TokenPrices): void;
  /** Every attempt, those that run with what they have cost so far. */
  log(): readonly BilledAttempt[];
  stop(): Promise<void>;
}

/** Tokens per event of a stream, of each of its answers. */
const PIECE_TOKENS = 64;

/** Header by which the application names a call; every attempt of an SDK has the same. */
export const CALL_ID_HEADER = "x-call-id";

/**
 * A provider of chat completions on loopback that bills what it sends: input as soon as it begins to answer, a
 * stream by what was written until its client had gone and `ABORT_SLACK_TOKENS` of each answer more, an answer
 * that does not stream in full, whoever is still there to read it.
 */
export async function startBillingProvider(options: ProviderOptions): Promise<BillingProvider> {
  let { prices } = options;
  const attempts: Attempt[] = [];
  const failures = new Map<string, number>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const callId = String(request.headers[CALL_ID_HEADER]);
      const plan = planCall(options.seed, callId);
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest;
      const attempt = new Attempt(`chatcmpl-${attempts.length}`, { callId, asked, prices });
      attempts.push(attempt);
      const failed = failures.get(callId) ?? 0;
      if (failed < plan.failures) {
        failures.set(callId, failed + 1);
        refuse(response, attempt, plan.failureStatus);
        return;
      }
      const serving = { response, attempt, plan, asked, timeScale: options.timeScale };
      if (asked.stream === true) stream(serving);
      else answerWhole(serving);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changePrices(changed) {
      prices = changed;
    },
    log: () => attempts.map((attempt) => attempt.record()),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A request while it is answered. */
class Attempt {
  readonly id: string;
  readonly #callId: string;
  readonly #isStream: boolean;
  readonly #startedMs = monotonicMs();
  readonly #prices: TokenPrices;
  readonly inputTokens: number;
  outputTokens = 0;
  #endedMs = NaN;
  #end: AttemptEnd = "running";

  constructor(
    id: string,
    {
      callId,
      asked,
      prices,
    }: { readonly callId: string; readonly asked: ChatRequest; readonly prices: TokenPrices },
  ) {
    this.id = id;
    this.#callId = callId;
    this.#isStream = asked.stream === true;
    this.#prices = prices;
    this.inputTokens = tokensOf(promptOf(asked));
  }

  get isRunning(): boolean {
    return this.#end === "running";
  }

  ended(how: AttemptEnd): void {
    this.#end = how;
    this.#endedMs = monotonicMs();
  }

  record(): BilledAttempt {
    const isBilled = this.#end !== "refused";
    return {
      callId: this.#callId,
      isStream: this.#isStream,
      startedMs: this.#startedMs,
      endedMs: this.#endedMs,
      end: this.#end,
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      billNanoUsd: isBilled ? billOf(this.inputTokens, this.outputTokens, this.#prices) : 0n,
    };
  }
}

interface Serving {
  readonly response: http.ServerResponse;
  readonly attempt: Attempt;
  readonly plan: CallPlan;
  readonly asked: ChatRequest;
  readonly timeScale: number;
}

function refuse(response: http.ServerResponse, attempt: Attempt, status: number): void {
  attempt.ended("refused");
  const headers = { "content-type": "application/json", "retry-after-ms": "50" };
  response.writeHead(status, headers).end(errorBody(status));
}

function answerWhole({ response, attempt, plan, asked, timeScale }: Serving): void {
  const answers = answerTokens(plan, limitOf(asked));
  attempt.outputTokens = answers.reduce((sum, tokens) => sum + tokens, 0);
  setTimeout(() => {
    attempt.ended(response.destroyed ? "left" : "whole");
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(wholeBody(asked, answers.map(wordsOf), attempt));
  }, plan.durationMs * timeScale);
}

function stream({ response, attempt, plan, asked, timeScale }: Serving): void {
  const answers = answerTokens(plan, limitOf(asked));
  const longest = Math.max(...answers);
  const pieces = Math.ceil(longest / PIECE_TOKENS);
  const pauseMs = (Math.max(0, plan.durationMs - plan.firstTokenMs) / pieces) * timeScale;
  const cutAt = plan.cutAfterShare === undefined ? Infinity : plan.cutAfterShare * longest;
  const startMs = monotonicMs() + plan.firstTokenMs * timeScale;
  let sent = 0;
  response.on("close", () => {
    if (!attempt.isRunning) return;
    for (const tokens of answers) {
      attempt.outputTokens += Math.min(ABORT_SLACK_TOKENS, Math.max(0, tokens - sent));
    }
    attempt.ended("left");
  });
  const send = (): void => {
    if (!attempt.isRunning) return;
    if (sent === 0) response.writeHead(200, { "content-type": "text/event-stream" });
    // What a late timer has missed is written now: a busy machine makes nobody's answer longer.
    const dueAt = Math.min(longest, Math.max(sent + PIECE_TOKENS, due()));
    while (sent < dueAt && sent < cutAt)
      sent = writePiece({ response, attempt, asked, answers }, sent);
    if (sent >= cutAt) {
      attempt.ended("cut");
      response.destroy();
    } else if (sent >= longest) {
      attempt.ended("whole");
      response.end(lastEvents(asked, attempt));
    } else
      setTimeout(send, Math.max(1, startMs + (sent / PIECE_TOKENS + 1) * pauseMs - monotonicMs()));
  };
  const due = (): number => Math.floor((monotonicMs() - startMs) / pauseMs) * PIECE_TOKENS;
  setTimeout(send, plan.firstTokenMs * timeScale);
}

/** The next tokens of every answer that has not ended; answers with how many each has been sent now. */
function writePiece(
  {
    response,
    attempt,
    asked,
    answers,
  }: Pick<Serving, "response" | "attempt" | "asked"> & { readonly answers: readonly number[] },
  sent: number,
): number {
  const counts = answers.map((tokens) => Math.min(PIECE_TOKENS, Math.max(0, tokens - sent)));
  response.write(pieceEvents(asked, counts.map(wordsOf), attempt));
  attempt.outputTokens += counts.reduce((sum, tokens) => sum + tokens, 0);
  return sent + PIECE_TOKENS;
}
