import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { TrueCall } from "../../conformance/truth.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import { answerTo } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { BEDROCK_FAMILIES } from "./bedrock-families.ts";
import { BEDROCK_CONVERSE, BEDROCK_INVOKE } from "./bedrock.ts";
import { COHERE_CHAT, COHERE_EMBED, COHERE_RERANK } from "./cohere.ts";
import { DeferredCalls } from "./deferred-calls.ts";
import { GEMINI_EMBEDDINGS } from "./gemini-embeddings.ts";
import { GEMINI_INTERACTIONS } from "./gemini-interactions.ts";
import { GEMINI } from "./gemini.ts";
import { MISTRAL_FIM } from "./mistral-fim.ts";
import { OLLAMA_CHAT, OLLAMA_EMBED, OLLAMA_GENERATE } from "./ollama.ts";
import { OPENAI_SPEECH, OPENAI_TRANSCRIPTIONS } from "./openai-audio.ts";
import { OPENAI_CHAT } from "./openai-chat.ts";
import { OPENAI_EMBEDDINGS } from "./openai-embeddings.ts";
import { OPENAI_IMAGES } from "./openai-images.ts";
import { OPENAI_RESPONSES } from "./openai-responses.ts";
import { JSON_TYPE } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Every API that is served. */
export const PROVIDER_APIS: readonly ProviderApi[] = [
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  OPENAI_EMBEDDINGS,
  OPENAI_TRANSCRIPTIONS,
  OPENAI_SPEECH,
  OPENAI_IMAGES,
  MISTRAL_FIM,
  ANTHROPIC_MESSAGES,
  GEMINI,
  GEMINI_INTERACTIONS,
  GEMINI_EMBEDDINGS,
  COHERE_CHAT,
  COHERE_EMBED,
  COHERE_RERANK,
  OLLAMA_CHAT,
  OLLAMA_GENERATE,
  OLLAMA_EMBED,
  BEDROCK_CONVERSE,
  BEDROCK_FAMILIES,
  BEDROCK_INVOKE,
];

/** Longer than the clocks of two processes differ, so that a call and its span can be told by their times. */
const THINKING_MS = 40;

export interface LoggedCall extends TrueCall {
  /** The same words were asked before and refused: not a new call of the application. */
  readonly is_retry: boolean;
}

export interface FakeProvider {
  readonly url: string;
  /** Everything that was asked for since it started, in the order of arrival. */
  readonly calls: () => readonly LoggedCall[];
  /** Resolves when every request that came has been answered, or was given up. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Serves the APIs of several providers on a loopback port; its log is the truth about every call. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const log: LoggedCall[] = [];
  const refusals = new Map<string, number>();
  const deferred = new DeferredCalls(log);
  const running = new Set<Promise<void>>();
  const server = http.createServer((request, response) => {
    const served = serve(request, response, { log, refusals, deferred })
      .catch((error: unknown) => {
        process.stderr.write(`fake provider: ${String(error)}\n`);
        response.destroy();
      })
      .finally(() => running.delete(served));
    running.add(served);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => log,
    async settled() {
      await Promise.all(running);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface ProviderState {
  readonly log: LoggedCall[];
  /** How often the same words were refused. */
  readonly refusals: Map<string, number>;
  readonly deferred: DeferredCalls;
}

async function serve(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { log, refusals, deferred }: ProviderState,
): Promise<void> {
  const startMs = performance.timeOrigin + performance.now();
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const api = PROVIDER_APIS.find((each) => each.matches(path));
  const body = await readBody(request);
  const origin = `http://${request.headers.host}`;
  const later = deferred.reply({ method: request.method ?? "", path, body, origin });
  if (later !== undefined) {
    response.writeHead(200, { "content-type": later.contentType }).end(later.text);
    return;
  }
  if (api === undefined) {
    response
      .writeHead(404, { "content-type": JSON_TYPE })
      .end('{"error":{"message":"no such API"}}');
    return;
  }
  const words = JSON.stringify(body);
  const refused = refusals.get(words) ?? 0;
  const asked: ProviderRequest = { path, query, body };
  const number = log.length + 1;
  const answer = answerTo(words, number, refused);
  if (answer.failure !== undefined) refusals.set(words, refused + 1);
  // Takes its place in the log before anything is awaited.
  log.push(unanswered(asked, api, { number, startMs, refused }));
  await delay(THINKING_MS);
  const entry = await respond(response, answer, { api, asked });
  log[number - 1] = {
    ...(log[number - 1] as LoggedCall),
    ...entry,
    latency_ms: performance.timeOrigin + performance.now() - startMs,
  };
}

/** JSON, or the texts of a form. */
async function readBody(request: http.IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("multipart/")) {
    const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
    const texts = Object.fromEntries([...form].filter(([, value]) => typeof value === "string"));
    const file = form.get("file");
    // The requests of a batch; what is to be transcribed is no text.
    const isBatch = texts["purpose"] === "batch" && file instanceof Blob;
    return isBatch ? { ...texts, file: await file.text() } : texts;
  }
  const text = bytes.toString();
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function unanswered(
  asked: ProviderRequest,
  api: ProviderApi,
  { number, startMs, refused }: { number: number; startMs: number; refused: number },
): LoggedCall {
  return {
    id: number,
    api: api.name,
    request_model: api.modelOf(asked),
    response_model: null,
    stream: api.isStream(asked),
    status: 0,
    t_start_unix_ms: startMs,
    latency_ms: 0,
    client_aborted: false,
    server_cut: false,
    response_id: null,
    usage_on_wire: false,
    usage_raw: null,
    usage: null,
    is_retry: refused > 0,
  };
}

async function respond(
  response: http.ServerResponse,
  answer: Answer,
  { api, asked }: { api: ProviderApi; asked: ProviderRequest },
): Promise<Partial<TrueCall>> {
  if (answer.failure !== undefined) {
    const headers = { "content-type": JSON_TYPE, "retry-after-ms": "20", "retry-after": "0" };
    response.writeHead(answer.failure, headers).end(api.failure(answer, answer.failure));
    return { status: answer.failure };
  }
  const reply = api.reply(asked, answer);
  const headers = {
    "content-type": reply.contentType,
    "x-request-id": `req_${answer.number}`,
    ...reply.headers,
  };
  response.writeHead(200, headers);
  const end = await sendChunks(response, reply, answer);
  return {
    status: 200,
    response_model: reply.responseModel,
    response_id: reply.responseId,
    usage_raw: reply.usageRaw,
    usage: reply.usage,
    usage_on_wire: reply.usage !== null && reply.usageIsSent && end === "whole",
    client_aborted: end === "aborted",
    server_cut: end === "cut",
  };
}

type End = "whole" | "aborted" | "cut";

async function sendChunks(
  response: http.ServerResponse,
  { chunks, isStream }: Reply,
  answer: Answer,
): Promise<End> {
  const middle = Math.floor(chunks.length / 2);
  for (const [at, chunk] of chunks.entries()) {
    if (answer.isCut && at === middle) {
      response.destroy();
      return "cut";
    }
    response.write(chunk);
    // Who leaves after the last chunk has got everything.
    if (at === chunks.length - 1) break;
    if (isStream) await delay(answer.pauseMs);
    if (response.closed || response.destroyed) return "aborted";
  }
  response.end();
  return "whole";
}
