import { readProviderUsage } from "@lensai/otel-config/usage/provider-usage/read-provider-usage";
import { createRawUsage } from "@lensai/otel-config/usage/usage";
import type { RawUsage } from "@lensai/otel-config/usage/usage";
import { isJsonObject, textAt, textsAt, valuesAt } from "./json-path.ts";
import type { WireCall } from "./recognise-call.ts";

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
  errorType: string | undefined;
  problem: ObservationProblem | undefined;
}

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
    errorType: undefined,
    problem: undefined,
  };
}

/** Adds what a body, or one event of a stream, says. A later event overrules an earlier one. */
export function addToFacts({ api, usage }: WireCall, body: unknown, facts: ResponseFacts): void {
  const { response } = api;
  facts.id = (response.id && textAt(body, response.id)) ?? facts.id;
  facts.model = (response.model && textAt(body, response.model)) ?? facts.model;
  facts.serviceTier = textAt(body, response.serviceTier ?? []) ?? facts.serviceTier;
  facts.systemFingerprint =
    textAt(body, response.systemFingerprint ?? []) ?? facts.systemFingerprint;
  facts.errorType = textAt(body, response.errorType ?? []) ?? facts.errorType;
  addFinishReasons(body, response.finishReasons, facts);
  if (readProviderUsage(usage, body, facts.usage)) facts.hasUsage = true;
}

/** Counts the text that one event of a stream brings. */
export function addOutputText({ api }: WireCall, event: unknown, facts: ResponseFacts): void {
  for (const text of textsAt(event, api.response.outputText ?? [])) {
    facts.outputCharacters += text.length;
  }
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
