import { ANTHROPIC_MESSAGES } from "../apis/anthropic.ts";
import { GOOGLE_GENERATE_CONTENT, GOOGLE_INTERACTIONS } from "../apis/google.ts";
import {
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_EMBEDDINGS,
  OPENAI_RESPONSES,
} from "../apis/openai.ts";
import { isJsonObject, textAt, valueAt, valuesAt } from "../json-path.ts";
import type { JsonObject } from "../json-path.ts";
import type { WireApi } from "../wire-api.ts";
import { NOTHING_FOUND } from "./deferred-source.ts";
import type { BatchTime, DeferredAnswer, DeferredSource, FoundAnswers } from "./deferred-source.ts";

const MS_PER_SECOND = 1000;
/** OTLP has nanoseconds since 1970 in 64 bits: what does not fit is no time, as the year 1 of servers that know none. */
const MS_MAX = 2 ** 63 / 1e6;
const OTHER_FOUND: FoundAnswers = { answers: [], isOther: true };
const UNFINISHED: ReadonlySet<unknown> = new Set(["queued", "in_progress"]);

/** https://developers.openai.com/api/docs/guides/background: fetched until it is done, as a whole or as a stream. */
const OPENAI_BACKGROUND: DeferredSource = {
  name: "openai.background",
  path: /\/responses\/(?<name>[^/]+)$/,
  api: OPENAI_RESPONSES,
  find(body) {
    const response = objectAt(body, "response") ?? body;
    if (!isJsonObject(response) || response["background"] !== true) return NOTHING_FOUND;
    if (UNFINISHED.has(response["status"]) || !isJsonObject(response["usage"]))
      return NOTHING_FOUND;
    return inBackground(OPENAI_RESPONSES, response, {
      startMs: secondsAt(response, "created_at"),
      endMs: secondsAt(response, "completed_at"),
    });
  },
};

/** https://ai.google.dev/gemini-api/docs/interactions: it does not say whether it was made in the background. */
const GOOGLE_BACKGROUND: DeferredSource = {
  name: "google.background",
  path: /\/interactions\/(?<name>[^/]+)$/,
  api: GOOGLE_INTERACTIONS,
  find(body) {
    const interaction = objectAt(body, "interaction") ?? body;
    if (!isJsonObject(interaction)) return NOTHING_FOUND;
    const id = textAt(interaction, ["id"]);
    if (id === undefined) return NOTHING_FOUND;
    if (UNFINISHED.has(interaction["status"])) return { answers: [], unfinished: [id] };
    if (!isJsonObject(interaction["usage"])) return NOTHING_FOUND;
    return inBackground(GOOGLE_INTERACTIONS, interaction, {
      startMs: dateAt(interaction, "created"),
      endMs: dateAt(interaction, "updated"),
      isKnownByWaiting: true,
    });
  },
};

/** https://developers.openai.com/api/docs/guides/batch; Mistral, Groq and Together have copied it. */
const OPENAI_BATCH_OUTPUT: DeferredSource = {
  name: "openai.batch_output",
  path: /\/files\/(?<name>[^/]+)\/content$/,
  api: OPENAI_CHAT,
  isLines: true,
  find(line) {
    // Any file is fetched here: the requests of a batch, examples to train with, pictures.
    if (!isJsonObject(line) || !("custom_id" in line) || !("response" in line)) return OTHER_FOUND;
    const body = valueAt(line, "response.body");
    if (!isJsonObject(body)) return NOTHING_FOUND;
    const api = openAiApiOf(body);
    if (api === undefined) return NOTHING_FOUND;
    const startMs = secondsAt(body, "created") ?? secondsAt(body, "created_at");
    const id = textAt(line, ["id", "response.request_id"]);
    return { answers: [{ kind: "batch", api, body, id, startMs }] };
  },
};

const OPENAI_BATCH: DeferredSource = {
  name: "openai.batch",
  path: /\/batches\/(?<name>[^/]+)$/,
  api: OPENAI_CHAT,
  find(batch) {
    const output = textAt(batch, ["output_file_id", "output_file"]);
    const endMs = secondsAt(batch, "completed_at");
    return { answers: [], batchTime: output === undefined ? undefined : batchTime(output, endMs) };
  },
};

/** https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const ANTHROPIC_BATCH: DeferredSource = {
  name: "anthropic.batch",
  path: /\/v1\/messages\/batches\/(?<name>[^/]+)$/,
  api: ANTHROPIC_MESSAGES,
  find: (body, name) => ({ answers: [], batchTime: batchTime(name, dateAt(body, "ended_at")) }),
};

const ANTHROPIC_BATCH_RESULTS: DeferredSource = {
  name: "anthropic.batch_results",
  path: /\/v1\/messages\/batches\/(?<name>[^/]+)\/results$/,
  api: ANTHROPIC_MESSAGES,
  isLines: true,
  find(line) {
    const body = valueAt(line, "result.message");
    if (!isJsonObject(body)) return NOTHING_FOUND;
    return { answers: [{ kind: "batch", api: ANTHROPIC_MESSAGES, body }] };
  },
};

/** https://ai.google.dev/gemini-api/docs/batch-api: a small batch has its answers in itself. */
const GOOGLE_BATCH: DeferredSource = {
  name: "google.batch",
  path: /\/v1(?:alpha|beta)\d*\/batches\/(?<name>[^/]+)$/,
  api: GOOGLE_GENERATE_CONTENT,
  find(batch, name) {
    const bodies = valuesAt(batch, "response.inlinedResponses.inlinedResponses[].response");
    const model = textAt(batch, ["metadata.model"])?.replace(/^models\//, "");
    const startMs = dateAt(batch, "metadata.endTime");
    const answers = bodies.map((body, at) =>
      googleAnswer(body, { id: `${name}/${at}`, model, startMs }),
    );
    return { answers: answers.filter((answer) => answer !== undefined) };
  },
};

/** A large one has them in a file. */
const GOOGLE_BATCH_OUTPUT: DeferredSource = {
  name: "google.batch_output",
  path: /\/files\/(?<name>[^/]+):download$/,
  api: GOOGLE_GENERATE_CONTENT,
  isLines: true,
  find(line, name) {
    const key = textAt(line, ["key"]);
    const answer = googleAnswer(valueAt(line, "response"), {
      id: key === undefined ? undefined : `${name}/${key}`,
    });
    return answer === undefined ? NOTHING_FOUND : { answers: [answer] };
  },
};

/** Every place at which answers are fetched; of two whose path fits, the first is meant. */
export const DEFERRED_SOURCES: readonly DeferredSource[] = [
  OPENAI_BACKGROUND,
  GOOGLE_BACKGROUND,
  OPENAI_BATCH_OUTPUT,
  GOOGLE_BATCH_OUTPUT,
  ANTHROPIC_BATCH_RESULTS,
  ANTHROPIC_BATCH,
  GOOGLE_BATCH,
  OPENAI_BATCH,
];

/** Fits every address that one of these is in. */
export const MAY_FIT = /\/(?:responses|interactions|files|batches)\/[^/]/;

/** One look at the address of every GET that there is. */
export const mayFetchAnswers = (href: string): boolean => MAY_FIT.test(href);

/** Undefined when no answers are fetched at this path, without its query. */
export function deferredSourceAt(path: string): DeferredSource | undefined {
  return mayFetchAnswers(path)
    ? DEFERRED_SOURCES.find((source) => source.path.test(path))
    : undefined;
}

function inBackground(
  api: WireApi,
  body: JsonObject,
  known: Pick<DeferredAnswer, "startMs" | "endMs" | "isKnownByWaiting">,
): FoundAnswers {
  return { answers: [{ kind: "background", api, body, ...known }] };
}

const OPENAI_APIS: Readonly<Record<string, WireApi>> = {
  "chat.completion": OPENAI_CHAT,
  response: OPENAI_RESPONSES,
  text_completion: OPENAI_COMPLETIONS,
};

function openAiApiOf(body: JsonObject): WireApi | undefined {
  const { object, data } = body;
  if (object === "list" && Array.isArray(data)) {
    return valueAt(data[0], "object") === "embedding" ? OPENAI_EMBEDDINGS : undefined;
  }
  return typeof object === "string" ? OPENAI_APIS[object] : undefined;
}

function googleAnswer(
  body: unknown,
  known: Pick<DeferredAnswer, "id" | "model" | "startMs">,
): DeferredAnswer | undefined {
  if (!isJsonObject(body) || !isJsonObject(body["usageMetadata"])) return undefined;
  return { kind: "batch", api: GOOGLE_GENERATE_CONTENT, body, ...known };
}

function objectAt(body: unknown, key: string): JsonObject | undefined {
  const value = valueAt(body, key);
  return isJsonObject(value) ? value : undefined;
}

function batchTime(name: string, endMs: number | undefined): BatchTime | undefined {
  return endMs === undefined ? undefined : { name, endMs };
}

function secondsAt(body: unknown, key: string): number | undefined {
  const seconds = valueAt(body, key);
  return typeof seconds === "number" ? timeOf(seconds * MS_PER_SECOND) : undefined;
}

function dateAt(body: unknown, key: string): number | undefined {
  const text = valueAt(body, key);
  return typeof text === "string" ? timeOf(Date.parse(text)) : undefined;
}

const timeOf = (ms: number): number | undefined => (ms > 0 && ms < MS_MAX ? ms : undefined);
