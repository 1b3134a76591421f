/** What is fetched of answers that were asked for before, one fetch after the other in one process. */
export interface DeferredCase {
  readonly name: string;
  readonly fetches: readonly Fetch[];
}

export interface Fetch {
  readonly url: string;
  readonly type: string;
  readonly body: string;
  /** Has it come to its end? */
  readonly isWhole: boolean;
}

const JSON_TYPE = "application/json; charset=utf-8";
const FILE_TYPE = "application/octet-stream";
const OPENAI = "https://api.openai.com/v1";
const ANTHROPIC = "https://api.anthropic.com/v1/messages/batches/msgbatch_1";
const GOOGLE = "https://generativelanguage.googleapis.com";
const GATEWAY = "http://127.0.0.1:8080/v1";
const CREATED_SECONDS = 1_790_000_000;

const fetched = (url: string, body: string, more: Partial<Fetch> = {}): Fetch => ({
  url,
  type: JSON_TYPE,
  body,
  isWhole: true,
  ...more,
});
const json = (url: string, body: unknown): Fetch => fetched(url, JSON.stringify(body));
const file = (url: string, lines: readonly unknown[], isWhole = true): Fetch =>
  fetched(url, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), {
    type: FILE_TYPE,
    isWhole,
  });
const events = (url: string, list: readonly object[], isWhole = true): Fetch =>
  fetched(url, list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""), {
    type: "text/event-stream",
    isWhole,
  });

const RESPONSE = {
  id: "resp_1",
  object: "response",
  background: true,
  created_at: CREATED_SECONDS,
  completed_at: CREATED_SECONDS + 90,
  model: "gpt-5.4-2026-03-05",
  status: "completed",
  service_tier: "flex",
  usage: {
    input_tokens: 900,
    input_tokens_details: { cached_tokens: 512 },
    output_tokens: 80,
    output_tokens_details: { reasoning_tokens: 64 },
    total_tokens: 980,
  },
};
const WAITING = { ...RESPONSE, status: "in_progress", usage: null, completed_at: null };
const FAILED = { ...RESPONSE, status: "failed", error: { code: "server_error", message: "no" } };
const AT_RESPONSE = `${OPENAI}/responses/resp_1`;

const CHAT = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: CREATED_SECONDS,
  model: "gpt-4o-mini-2024-07-18",
  choices: [{ index: 0, message: {}, finish_reason: "stop" }],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
};
const EMBEDDINGS = {
  object: "list",
  data: [{ object: "embedding", index: 0, embedding: [0.5] }],
  model: "text-embedding-3-small",
  usage: { prompt_tokens: 5, total_tokens: 5 },
};
const line = (custom_id: string, body: unknown) => ({
  id: `batch_req_${custom_id}`,
  custom_id,
  response: { status_code: 200, request_id: `req_${custom_id}`, body },
  error: null,
});
const AT_FILE = `${OPENAI}/files/file-2/content`;

const message = (id: string) => ({
  custom_id: id,
  result: {
    type: "succeeded",
    message: {
      id,
      type: "message",
      model: "claude-haiku-4-5-20251001",
      stop_reason: "end_turn",
      usage: {
        input_tokens: 7,
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
        cache_read_input_tokens: 11,
        output_tokens: 3,
      },
    },
  },
});

const INTERACTION = {
  id: "v1_1",
  status: "completed",
  model: "gemini-2.5-flash",
  created: "2026-09-21T14:13:20.123456789Z",
  updated: "2026-09-21T16:14:50.5+02:00",
  usage: { total_input_tokens: 10, total_output_tokens: 4, total_tokens: 14 },
};
const AT_INTERACTION = `${GOOGLE}/v1beta/interactions/v1_1`;

const GENERATED = {
  candidates: [{ content: {}, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 4, totalTokenCount: 34 },
  modelVersion: "gemini-2.5-flash",
};

/** `found` in Python is what the JavaScript package finds: spans of the same names, attributes and times. */
export const DEFERRED_CASES: readonly DeferredCase[] = [
  {
    name: "a response in the background, asked for until it is there and once more",
    fetches: [WAITING, RESPONSE, RESPONSE].map((body) => json(AT_RESPONSE, body)),
  },
  {
    name: "a response as a stream",
    fetches: [
      events(`${AT_RESPONSE}?stream=true&starting_after=4`, [
        { type: "response.in_progress", response: WAITING },
        { type: "response.output_text.delta", delta: "Hi" },
        { type: "response.completed", response: RESPONSE },
      ]),
    ],
  },
  {
    name: "a response at a gateway, that failed, without the time of its end",
    fetches: [json(`${GATEWAY}/responses/resp_1`, { ...FAILED, completed_at: null })],
  },
  {
    name: "a response that was answered while its request waited",
    fetches: [json(AT_RESPONSE, { ...RESPONSE, background: false })],
  },
  {
    name: "a response that has used nothing",
    fetches: [json(AT_RESPONSE, { ...FAILED, usage: null })],
  },
  {
    name: "a response that breaks off, and is fetched again",
    fetches: [
      fetched(AT_RESPONSE, JSON.stringify(RESPONSE).slice(0, 90), { isWhole: false }),
      json(AT_RESPONSE, RESPONSE),
    ],
  },
  {
    name: "a stream that breaks off before its end",
    fetches: [events(AT_RESPONSE, [{ type: "response.in_progress", response: WAITING }], false)],
  },
  {
    name: "a response that no content type tells of",
    fetches: [fetched(AT_RESPONSE, JSON.stringify(RESPONSE), { type: "text/html" })],
  },
  {
    name: "an interaction that was seen unfinished",
    fetches: [
      json(AT_INTERACTION, { ...INTERACTION, status: "in_progress", usage: undefined }),
      json(AT_INTERACTION, INTERACTION),
      json(AT_INTERACTION, INTERACTION),
    ],
  },
  {
    name: "an interaction that was done when it was seen first",
    fetches: [json(AT_INTERACTION, INTERACTION)],
  },
  {
    name: "an interaction as a stream",
    fetches: [
      events(AT_INTERACTION, [
        {
          event_type: "interaction.start",
          interaction: { ...INTERACTION, status: "in_progress", usage: undefined },
        },
        { event_type: "interaction.complete", interaction: INTERACTION },
      ]),
    ],
  },
  {
    name: "a batch of every API, with an error in it",
    fetches: [
      json(`${OPENAI}/batches/batch_1`, { id: "batch_1", status: "in_progress" }),
      json(`${OPENAI}/batches/batch_1`, {
        id: "batch_1",
        output_file_id: "file-2",
        completed_at: CREATED_SECONDS + 5,
      }),
      file(AT_FILE, [
        line("a", CHAT),
        { ...line("b", null), response: null, error: { code: "batch_expired" } },
        line("c", RESPONSE),
        line("d", EMBEDDINGS),
        line("e", { id: "cmpl-1", object: "text_completion", created: 1, usage: CHAT.usage }),
        line("f", { object: "list", data: [] }),
        line("g", { object: "something.else" }),
      ]),
    ],
  },
  {
    name: "a batch whose lines have no time, and of which nothing is known",
    fetches: [file(AT_FILE, [line("d", EMBEDDINGS)]), file(AT_FILE, [line("d", EMBEDDINGS)])],
  },
  {
    name: "a batch of Mistral's",
    fetches: [
      json("https://api.mistral.ai/v1/batch/jobs/j1", { output_file: "file-2" }),
      file("https://api.mistral.ai/v1/files/file-2/content", [line("a", CHAT)]),
    ],
  },
  {
    name: "a file that breaks off, and is fetched again",
    fetches: [
      file(AT_FILE, [line("a", CHAT)], false),
      file(AT_FILE, [line("a", CHAT), line("b", { ...CHAT, id: "chatcmpl-2" })]),
    ],
  },
  {
    name: "the requests of a batch",
    fetches: [file(AT_FILE, [{ custom_id: "a", method: "POST", body: {} }, line("a", CHAT)])],
  },
  {
    name: "examples to train with, and an answer behind them",
    fetches: [file(AT_FILE, [{ messages: [] }, line("a", CHAT)])],
  },
  {
    name: "a picture",
    fetches: [fetched(AT_FILE, `PNG\n${JSON.stringify(line("a", CHAT))}\n`, { type: "image/png" })],
  },
  {
    name: "a line that is no JSON between two that are",
    fetches: [
      fetched(
        AT_FILE,
        `${JSON.stringify(line("a", CHAT))}\n{\n${JSON.stringify(line("d", EMBEDDINGS))}`,
        { type: FILE_TYPE },
      ),
    ],
  },
  {
    name: "a batch of Anthropic's, with the time at which it ended",
    fetches: [
      json(ANTHROPIC, { id: "msgbatch_1", ended_at: null }),
      json(ANTHROPIC, { id: "msgbatch_1", ended_at: "2026-09-21T14:13:20.500Z" }),
      file(`${ANTHROPIC}/results`, [
        message("msg_1"),
        { custom_id: "b", result: { type: "errored", error: {} } },
        message("msg_2"),
      ]),
    ],
  },
  {
    name: "a batch of Anthropic's of which nothing is known",
    fetches: [file(`${ANTHROPIC}/results`, [message("msg_1"), message("msg_1")])],
  },
  {
    name: "a small batch of Google's",
    fetches: [
      json(`${GOOGLE}/v1beta/batches/b1`, {
        metadata: { model: "models/gemini-2.5-flash", endTime: "2026-09-21T14:13:20Z" },
        response: {
          inlinedResponses: {
            inlinedResponses: [
              { error: {} },
              { response: { ...GENERATED, responseId: "r1" } },
              { response: GENERATED },
              { response: {} },
            ],
          },
        },
      }),
    ],
  },
  {
    name: "a large batch of Google's",
    fetches: [
      file(`${GOOGLE}/download/v1beta/files/f1:download?alt=media`, [
        { key: "a", response: GENERATED },
        { key: "b", error: {} },
        { response: GENERATED },
      ]),
    ],
  },
  {
    name: "dates that are none",
    fetches: [
      "soon",
      "2026-13-01T00:00:00Z",
      7,
      "0001-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
    ].flatMap((created, at) =>
      ["in_progress", "completed"].map((status) =>
        json(AT_INTERACTION, { ...INTERACTION, id: `v1_${at}`, status, created, updated: created }),
      ),
    ),
  },
  {
    name: "seconds that are no time",
    fetches: [0, -1, 1e18, "1", true].map((created, at) =>
      file(AT_FILE, [line("a", { ...CHAT, id: `chatcmpl-${at}`, created })]),
    ),
  },
  {
    name: "what is fetched elsewhere",
    fetches: ["/models", "/responses", "/files/file-2", "/responses/resp_1/cancel"].map((path) =>
      json(`${OPENAI}${path}`, RESPONSE),
    ),
  },
];
