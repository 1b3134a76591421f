/** The wire format of OpenAI's chat completions, as far as the fleet speaks it. */

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly content: string }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly n?: number;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
}

/** One answer, all of whose parts carry its id. */
export interface AnswerFacts {
  readonly id: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const promptOf = ({ messages }: ChatRequest): string =>
  messages.map(({ content }) => content).join("");

/** A guard that lowers the limit may write it by its new name. */
export const limitOf = (asked: ChatRequest): number | undefined =>
  asked.max_completion_tokens ?? asked.max_tokens;

export function errorBody(status: number): string {
  const type = status === 429 ? "rate_limit_error" : "server_error";
  return JSON.stringify({ error: { message: "refused", type, code: null, param: null } });
}

export function wholeBody(
  { model }: ChatRequest,
  texts: readonly string[],
  answer: AnswerFacts,
): string {
  return JSON.stringify({
    ...headOf(answer, model),
    object: "chat.completion",
    choices: texts.map((content, index) => ({
      index,
      finish_reason: "stop",
      message: { role: "assistant", content, refusal: null },
    })),
    usage: usageOf(answer),
  });
}

/** One event per answer that goes on. */
export function pieceEvents(
  { model }: ChatRequest,
  texts: readonly string[],
  answer: AnswerFacts,
): string {
  let events = "";
  for (const [index, content] of texts.entries()) {
    if (content === "") continue;
    const choices = [{ index, delta: { content }, finish_reason: null }];
    events += event({ ...headOf(answer, model), choices });
  }
  return events;
}

export function lastEvents(
  { model, n = 1, stream_options: options }: ChatRequest,
  answer: AnswerFacts,
): string {
  const head = headOf(answer, model);
  const choices = Array.from({ length: n }, (_, index) => ({
    index,
    delta: {},
    finish_reason: "stop",
  }));
  const isUsageAsked = options?.include_usage === true;
  const usage = isUsageAsked ? event({ ...head, choices: [], usage: usageOf(answer) }) : "";
  return `${event({ ...head, choices })}${usage}data: [DONE]\n\n`;
}

const event = (data: object): string =>
  `data: ${JSON.stringify({ ...data, object: "chat.completion.chunk" })}\n\n`;

const headOf = ({ id }: AnswerFacts, model: string): object => ({
  id,
  model,
  created: 1_790_000_000,
});

function usageOf({ inputTokens, outputTokens }: AnswerFacts): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}
