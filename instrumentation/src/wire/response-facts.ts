import { readProviderUsage } from "@lensai/otel-config/usage/provider-usage/read-provider-usage";
import { createRawUsage } from "@lensai/otel-config/usage/usage";
import type { RawUsage } from "@lensai/otel-config/usage/usage";
import type { UsageField } from "@lensai/otel-config/usage/provider-usage/usage-table";
import { forTextsAt, isJsonObject, textAt, valuesAt } from "./json-path.ts";
import type { JsonPath } from "./json-path.ts";
import type { WireCall } from "./recognise-call.ts";
import type { ResponsePaths } from "./wire-api.ts";
import { textTokensAtMost } from "./text-tokens.ts";

/** Why an answer could not be read, or not to its end. */
export type ObservationProblem =
  | "body_malformed"
  | "body_too_large"
  | "body_not_read"
  | "content_type_unknown"
  | "stream_broken_off";

/** What a provider's answer says about the call, as far as it was read. */
export interface ResponseFacts {
  id: string | undefined;
  model: string | undefined;
  serviceTier: string | undefined;
  systemFingerprint: string | undefined;
  /** By the index of the choice; a choice that was not finished leaves a hole. */
  readonly finishReasons: (string | undefined)[];
  /** Counts as the provider sent them, and which convention they follow. */
  readonly usage: RawUsage;
  hasUsage: boolean;
  /** Characters that a stream has put out. */
  outputCharacters: number;
  /** The same in tokens: an upper bound. */
  outputTokensAtMost: number;
  errorType: string | undefined;
  /** What the provider says it cost, in US dollars. */
  costUsd: number | undefined;
  /** A gateway has answered from its cache: counts are those of the call that it has kept, or none. */
  isFromCache: boolean;
  problem: ObservationProblem | undefined;
  /** Told of every body, or event of a stream, where content is captured. */
  onBody: ((body: unknown) => void) | undefined;
}

/** A header of a request or an answer by its name in lower case; undefined when it has none of that name. */
export type HeaderReader = (name: string) => string | undefined;

const NO_PATHS: readonly JsonPath[] = [];

/** More choices than any API gives: an index beyond is not one. */
const CHOICES_MAX = 256;

export function createResponseFacts(): ResponseFacts {
  return {
    id: undefined,
    model: undefined,
    serviceTier: undefined,
    systemFingerprint: undefined,
    finishReasons: [],
    usage: createRawUsage(),
    hasUsage: false,
    outputCharacters: 0,
    outputTokensAtMost: 0,
    errorType: undefined,
    costUsd: undefined,
    isFromCache: false,
    problem: undefined,
    onBody: undefined,
  };
}

/** Adds what a body, or one event of a stream, says. A later event overrules an earlier one. */
export function addToFacts({ api, usage }: WireCall, body: unknown, facts: ResponseFacts): void {
  const { response } = api;
  addNames(body, response, facts);
  facts.errorType = errorTypeIn(body, response.errorType) ?? facts.errorType;
  facts.costUsd = costIn(body, response.costUsd) ?? facts.costUsd;
  addFinishReasons(body, response.finishReasons, facts);
  if (readProviderUsage(usage, body, facts.usage)) facts.hasUsage = true;
  facts.onBody?.(body);
}

function addNames(body: unknown, response: ResponsePaths, facts: ResponseFacts): void {
  facts.id = (response.id && textAt(body, response.id)) ?? facts.id;
  facts.model = (response.model && textAt(body, response.model)) ?? facts.model;
  facts.serviceTier = textAt(body, response.serviceTier ?? []) ?? facts.serviceTier;
  facts.systemFingerprint =
    textAt(body, response.systemFingerprint ?? []) ?? facts.systemFingerprint;
}

/** Some errors are nothing but a message, or a number and one; messages quote what was asked. */
function errorTypeIn(body: unknown, paths: readonly JsonPath[] = []): string | undefined {
  const type = textAt(body, paths);
  if (type !== undefined) return type;
  for (const path of paths) {
    const number = valuesAt(body, path).find(isStatus);
    if (number !== undefined) return String(number);
  }
  const error = isJsonObject(body) ? body["error"] : undefined;
  const isError = isJsonObject(error) || (typeof error === "string" && error !== "");
  return isError ? OTHER_ERROR : undefined;
}

/** What OpenTelemetry calls errors without a name. */
const OTHER_ERROR = "_OTHER";

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) < 600;
}

function costIn(body: unknown, paths: readonly JsonPath[] = []): number | undefined {
  for (const path of paths) {
    const cost = valuesAt(body, path).find(isAmount);
    if (cost !== undefined) return cost;
  }
  return undefined;
}

const isAmount = (value: unknown): value is number => typeof value === "number" && value >= 0;

/** Adds the counts that come in headers. */
export function addHeaderUsage(
  { api, usage }: WireCall,
  header: HeaderReader,
  facts: ResponseFacts,
): void {
  for (const [field, name] of Object.entries(api.response.usageHeaders ?? {})) {
    const value = header(name);
    if (value === undefined || !/^\d{1,15}$/.test(value)) continue;
    facts.usage[field as UsageField] = Number(value);
    facts.usage.inputConvention = usage.inputConvention;
    facts.usage.outputConvention = usage.outputConvention;
    facts.hasUsage = true;
  }
}

/** Counts the text that one event of a stream brings. */
export function addOutputText({ api }: WireCall, event: unknown, facts: ResponseFacts): void {
  forTextsAt(event, api.response.outputText ?? NO_PATHS, (text) => {
    facts.outputCharacters += text.length;
    facts.outputTokensAtMost += textTokensAtMost(text);
  });
}

function addFinishReasons(
  body: unknown,
  paths: WireCall["api"]["response"]["finishReasons"],
  { finishReasons }: ResponseFacts,
): void {
  if (paths === undefined) return;
  if (paths.list === undefined) {
    const reason = textAt(body, paths.at);
    if (reason !== undefined && !UNFINISHED.has(reason)) finishReasons[0] = reason;
    return;
  }
  const instead = textAt(body, paths.instead ?? []);
  if (instead !== undefined) finishReasons[0] = instead;
  for (const [place, element] of valuesAt(body, `${paths.list}[]`).entries()) {
    const reason = textAt(element, paths.at);
    const index = isJsonObject(element) ? (element["index"] ?? place) : place;
    if (reason === undefined || !isChoiceIndex(index)) continue;
    finishReasons[index] = reason;
  }
}

/** States of an answer that goes on. */
const UNFINISHED: ReadonlySet<string> = new Set(["queued", "in_progress"]);

function isChoiceIndex(index: unknown): index is number {
  return Number.isInteger(index) && (index as number) >= 0 && (index as number) < CHOICES_MAX;
}
