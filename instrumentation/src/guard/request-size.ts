import { isJsonObject } from "../wire/json-path.ts";
import type { JsonObject } from "../wire/json-path.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { textTokensAtMost } from "../wire/text-tokens.ts";

/** What a call asks for, as far as it costs something; upper bounds, before the call is made. */
export interface RequestSize {
  readonly textTokens: number;
  readonly imageTokens: number;
  readonly audioTokens: number;
  /** Part of the input is written to a cache, at a price of its own, to live this long. */
  readonly cacheWrite: "5m" | "1h" | undefined;
  /** Answers that are asked for at once (`n`). */
  readonly choices: number;
  /** The most that the caller lets the model put out, per answer; undefined when it is not said. */
  readonly outputTokensMax: number | undefined;
  readonly putsOutAudio: boolean;
  readonly putsOutImages: boolean;
  /** Searches that the provider may run and charge. */
  readonly webSearches: number;
  readonly serviceTier: string | undefined;
}

/** What every provider puts around messages, and in front of tools. */
const FRAME_TOKENS = 16;
const TOOLS_TOKENS = 600;
/** Input that the request only names: a stored conversation, a file, a prompt. Nobody here knows its length. */
const REFERENCE_TOKENS = 16_000;
/** An image in the highest resolution: Anthropic 4,784, OpenAI 3,779, Gemini 2,240. */
const IMAGE_TOKENS = 5_000;
/** It counts its images so that they cost as much as a larger model's: 2,833 + 8 x 5,667. */
const MODEL_IMAGE_TOKENS: readonly (readonly [prefix: string, tokens: number])[] = [
  ["gpt-4o-mini", 48_169],
];
/** Speech at 4 KB a second is 32 tokens a second (Gemini; OpenAI 10), video 300: Base64 characters per token. */
const AUDIO_CHARACTERS_PER_TOKEN = 125;
/** A page of a document is 1,500 to 3,000 tokens and 20 KB or more. */
const DOCUMENT_CHARACTERS_PER_TOKEN = 8;
/** A body that cannot be read, when its length is not known either. */
const UNREAD_TOKENS = 16_000;
/** A body that is too long to be read, or no JSON: text or Base64, nobody looks. */
const UNREAD_CHARACTERS_PER_TOKEN = 3;
/** No model takes more: a body that would be longer is full of images. */
const CONTEXT_TOKENS_MAX = 2_000_000;
/** Searches of one call when it does not say how many it may run. */
const WEB_SEARCHES = 5;
/** Nobody asks for more answers at once. */
const CHOICES_MAX = 1_000;

/** Deeper is no request of any API. */
const DEPTH_MAX = 64;
/** A shorter text may be anything. */
const MEDIA_LENGTH_MIN = 256;
const BASE64_START = /^[\w+/-]{64}/;
const REFERENCES: ReadonlySet<string> = new Set([
  "previous_response_id",
  "previous_interaction_id",
  "conversation",
  "file_id",
  "file_uri",
  "fileUri",
  "file_url",
  "cachedContent",
  "cached_content",
  "s3Location",
]);

/** `body` is the request's JSON; undefined when it was not read, and then its length has to do. */
export function requestSizeOf(
  { api, model, parameters }: Pick<WireCall, "api" | "model" | "parameters">,
  body: JsonObject | undefined,
  length?: number,
): RequestSize {
  const tally = new Tally(imageTokensOf(model));
  if (body === undefined) tally.text = unreadTokens(length);
  else tally.add(body, "", 0);
  const outputs = outputKindsOf(body);
  const tier = parameters["openai.request.service_tier"] ?? body?.["service_tier"];
  return {
    textTokens: tally.text + FRAME_TOKENS + (body?.["tools"] === undefined ? 0 : TOOLS_TOKENS),
    imageTokens: tally.images,
    audioTokens: tally.audio,
    cacheWrite: tally.cacheWrite,
    choices: choicesOf(parameters["gen_ai.request.choice.count"]),
    outputTokensMax: countOf(parameters["gen_ai.request.max_tokens"]),
    putsOutAudio: outputs.includes("audio"),
    putsOutImages: api.operation === "image_generation" || outputs.includes("image"),
    webSearches: searchesOf(body),
    serviceTier: typeof tier === "string" ? tier : undefined,
  };
}

function unreadTokens(length: number | undefined): number {
  if (length === undefined) return UNREAD_TOKENS;
  return Math.min(Math.ceil(length / UNREAD_CHARACTERS_PER_TOKEN), CONTEXT_TOKENS_MAX);
}

/** "text", "audio", "image", as OpenAI and Gemini ask for them. */
function outputKindsOf(body: JsonObject | undefined): string {
  const asked =
    body?.["modalities"] ??
    body?.["response_modalities"] ??
    pathOf(body, "generationConfig")?.["responseModalities"];
  return JSON.stringify(asked ?? "").toLowerCase();
}

function choicesOf(value: unknown): number {
  return Math.min(Math.max(countOf(value) ?? 1, 1), CHOICES_MAX);
}

function imageTokensOf(model: string | undefined): number {
  const known = MODEL_IMAGE_TOKENS.find(([prefix]) => model?.startsWith(prefix) === true);
  return known?.[1] ?? IMAGE_TOKENS;
}

function pathOf(body: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = body?.[key];
  return isJsonObject(value) ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function searchesOf(body: JsonObject | undefined): number {
  const tools: unknown = body?.["tools"];
  if (body?.["web_search_options"] !== undefined) return WEB_SEARCHES;
  if (!Array.isArray(tools)) return 0;
  let searches = 0;
  for (const tool of tools.filter(isJsonObject)) {
    const isSearch =
      String(tool["type"]).startsWith("web_search") || tool["googleSearch"] !== undefined;
    if (isSearch) searches += countOf(tool["max_uses"]) ?? WEB_SEARCHES;
  }
  return searches;
}

/** Adds up what is in a request, wherever in it: what is text for one API is an argument for another. */
class Tally {
  text = 0;
  images = 0;
  audio = 0;
  cacheWrite: "5m" | "1h" | undefined;
  readonly #imageTokens: number;

  constructor(imageTokens: number) {
    this.#imageTokens = imageTokens;
  }

  add(value: unknown, key: string, depth: number): void {
    if (typeof value === "string") this.#addText(value, key, undefined);
    else if (Array.isArray(value)) this.#addList(value, key, depth);
    else if (isJsonObject(value)) this.#addObject(value, depth);
    else this.text += 1;
  }

  #addList(list: readonly unknown[], key: string, depth: number): void {
    if (depth > DEPTH_MAX) return;
    // Lists of token ids stand for themselves.
    for (const element of list) this.add(element, key, depth + 1);
  }

  #addObject(object: JsonObject, depth: number): void {
    if (depth > DEPTH_MAX) return;
    for (const key of Object.keys(object)) {
      const value = object[key];
      this.text += Math.ceil(key.length / 3);
      if (REFERENCES.has(key) && value !== null) this.text += REFERENCE_TOKENS;
      else if (key === "cache_control" || key === "cachePoint") this.#addCacheWrite(value);
      else if (typeof value === "string") this.#addText(value, key, object);
      else this.add(value, key, depth + 1);
    }
  }

  #addCacheWrite(value: unknown): void {
    if (!isJsonObject(value)) return;
    if (value["ttl"] === "1h") this.cacheWrite = "1h";
    else this.cacheWrite ??= "5m";
  }

  #addText(text: string, key: string, parent: JsonObject | undefined): void {
    const media = mediaOf(text, key, parent);
    if (media === undefined) this.text += textTokensAtMost(text);
    else if (media === "image") this.images += this.#imageTokens;
    else if (media === "audio") this.audio += Math.ceil(text.length / AUDIO_CHARACTERS_PER_TOKEN);
    else this.text += Math.ceil(text.length / DOCUMENT_CHARACTERS_PER_TOKEN);
  }
}

/** What a text is that is not read as one: Base64 of something, or the address of an image. */
function mediaOf(
  text: string,
  key: string,
  parent: JsonObject | undefined,
): "image" | "audio" | "document" | undefined {
  if (key === "image_url" || (key === "url" && /^(?:https?|data):/.test(text))) return "image";
  const isDataUrl = text.startsWith("data:");
  if (!isDataUrl && !isBase64(text, key)) return undefined;
  const type = isDataUrl ? text.slice(5, 64) : typeNamedIn(parent);
  if (/^image|png|jpe?g|gif|webp/.test(type)) return "image";
  return /^(?:audio|video)|wav|mp3|mp4|pcm/.test(type) ? "audio" : "document";
}

function isBase64(text: string, key: string): boolean {
  return text.length >= MEDIA_LENGTH_MIN && isNamedAsMedia(key) && BASE64_START.test(text);
}

function isNamedAsMedia(key: string): boolean {
  return /data|bytes|b64|image|audio|file/i.test(key);
}

function typeNamedIn(parent: JsonObject | undefined): string {
  for (const name of ["media_type", "mimeType", "mime_type", "format"]) {
    const type = parent?.[name];
    if (typeof type === "string") return type.toLowerCase();
  }
  return "";
}
