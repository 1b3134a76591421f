import type { TrueCall } from "../../conformance/truth.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import { answerTo } from "./answer.ts";
import { OPENAI_CHAT } from "./openai-chat.ts";
import { OPENAI_RESPONSES } from "./openai-responses.ts";
import { JSON_TYPE, line } from "./reply.ts";
import type { ProviderApi, Reply } from "./reply.ts";

/** A request as it came, when it may be about answers that come later. */
export interface DeferredRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Where the provider is reached. */
  readonly origin: string;
}

export interface DeferredReply {
  readonly contentType: string;
  readonly text: string;
}

type Json = Record<string, unknown>;

const MS_PER_SECOND = 1000;
const BATCH_APIS: Readonly<Record<string, ProviderApi>> = {
  "/v1/chat/completions": OPENAI_CHAT,
  "/v1/responses": OPENAI_RESPONSES,
};

/**
 * Responses in the background and batches, of OpenAI's and Anthropic's kind: asked for in one request, and fetched in others. What is
 * asked for is answered, and charged, at once; whoever asks for the first time is told that it is not there yet.
 */
export class DeferredCalls {
  readonly #log: TrueCall[];
  /** Documents by the path at which they are fetched. */
  readonly #documents = new Map<string, { before?: Json | undefined; document: Json | string }>();
  readonly #files = new Map<string, string>();

  constructor(log: TrueCall[]) {
    this.#log = log;
  }

  /** Undefined for a request that is about something else. */
  reply(request: DeferredRequest): DeferredReply | undefined {
    const { method, path, body } = request;
    if (method === "GET") return this.#fetched(path);
    if (path === "/v1/responses" && body["background"] === true) return this.#background(body);
    if (path === "/v1/files") return this.#file(String(body["file"]));
    if (path === "/v1/batches") return this.#openAiBatch(body);
    return path === "/v1/messages/batches" ? this.#anthropicBatch(request) : undefined;
  }

  #fetched(path: string): DeferredReply | undefined {
    const kept = this.#documents.get(path);
    if (kept === undefined) return undefined;
    const { before, document } = kept;
    kept.before = undefined;
    if (typeof document === "string")
      return { contentType: "application/octet-stream", text: document };
    return json(before ?? document);
  }

  #background(body: Json): DeferredReply {
    const answer = this.#answer(OPENAI_RESPONSES, body);
    const response = {
      ...answer,
      background: true,
      created_at: nowSeconds(),
      completed_at: nowSeconds() + 1,
    };
    const queued = {
      ...response,
      status: "queued",
      output: [],
      usage: null,
      completed_at: null,
    };
    this.#documents.set(`/v1/responses/${String(answer["id"])}`, {
      before: { ...queued, status: "in_progress" },
      document: response,
    });
    return json(queued);
  }

  #file(text: string): DeferredReply {
    const id = `file-${this.#files.size + 1}`;
    this.#files.set(id, text);
    return json({ id, object: "file", purpose: "batch", bytes: text.length, filename: "b.jsonl" });
  }

  #openAiBatch({ input_file_id, endpoint }: Json): DeferredReply {
    const asked = (this.#files.get(String(input_file_id)) ?? "").split("\n").filter(Boolean);
    const lines = asked.map((text, at) => {
      const { custom_id, url, body } = JSON.parse(text) as Json;
      const api = BATCH_APIS[String(url)] ?? OPENAI_CHAT;
      const answer = this.#answer(api, body as Json);
      const response = { status_code: 200, request_id: `req_${at}`, body: answer };
      return line({ id: `batch_req_${at}`, custom_id, response, error: null });
    });
    const id = `batch_${this.#documents.size + 1}`;
    const output = `file-output-${id}`;
    this.#documents.set(`/v1/files/${output}/content`, { document: lines.join("") });
    const begun = { id, object: "batch", endpoint, input_file_id, status: "in_progress" };
    const done = { status: "completed", output_file_id: output, completed_at: nowSeconds() };
    this.#documents.set(`/v1/batches/${id}`, { before: begun, document: { ...begun, ...done } });
    return json(begun);
  }

  #anthropicBatch({ body, origin }: DeferredRequest): DeferredReply {
    const asked = body["requests"] as { custom_id: string; params: Json }[];
    const lines = asked.map(({ custom_id, params }) => {
      const message = this.#answer(ANTHROPIC_MESSAGES, params);
      const usage = { ...(message["usage"] as Json), service_tier: "batch" };
      return line({ custom_id, result: { type: "succeeded", message: { ...message, usage } } });
    });
    const id = `msgbatch_${this.#documents.size + 1}`;
    const place = `/v1/messages/batches/${id}`;
    const begun = {
      id,
      type: "message_batch",
      processing_status: "in_progress",
      results_url: null,
    };
    this.#documents.set(`${place}/results`, { document: lines.join("") });
    this.#documents.set(place, {
      before: begun,
      document: {
        ...begun,
        processing_status: "ended",
        ended_at: new Date().toISOString(),
        results_url: `${origin}${place}/results`,
      },
    });
    return json(begun);
  }

  /** Answers as the API would, and writes the call into the log. */
  #answer(api: ProviderApi, body: Json): Json {
    const number = this.#log.length + 1;
    const asked = { path: "", query: "", body };
    const reply = api.reply(asked, answerTo(JSON.stringify(body), number, 0));
    this.#log.push(loggedCall(api, body, { number, reply }));
    const answered = JSON.parse(String(reply.chunks[0])) as Json;
    return "created" in answered ? { ...answered, created: nowSeconds() } : answered;
  }
}

function loggedCall(
  api: ProviderApi,
  body: Json,
  { number, reply }: { number: number; reply: Reply },
): TrueCall {
  return {
    id: number,
    api: api.name,
    request_model: api.modelOf({ path: "", query: "", body }),
    response_model: reply.responseModel,
    stream: false,
    status: 200,
    t_start_unix_ms: Date.now(),
    latency_ms: MS_PER_SECOND,
    client_aborted: false,
    server_cut: false,
    response_id: reply.responseId,
    usage_on_wire: true,
    usage_raw: reply.usageRaw,
    usage: reply.usage,
  };
}

const nowSeconds = (): number => Math.floor(Date.now() / MS_PER_SECOND);
const json = (document: object): DeferredReply => ({
  contentType: JSON_TYPE,
  text: JSON.stringify(document),
});
