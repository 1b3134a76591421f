import type { Attributes } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { createRedactor, redactText } from "@lensai/otel-config/redaction/redactor";
import { isJsonObject } from "../wire/json-path.ts";
import type { WireApi } from "../wire/wire-api.ts";
import { AnswerContent } from "./answer-content.ts";
import { requestContentOf } from "./request-content.ts";

/** Operations whose content is messages; vectors and sounds are no text to read. */
const OPERATIONS: ReadonlySet<string> = new Set(["chat", "text_completion", "generate_content"]);

/** A longer attribute is left out: it would be most of what an export may hold, and collectors cut it. */
const ATTRIBUTE_CHARACTERS_MAX = 1024 * 1024;

/** Puts what models are asked and answer on spans, masked before it leaves the process. */
export interface ContentCapture {
  /** Undefined for calls without such content. */
  begin(api: WireApi, body: string | undefined): CapturedCall | undefined;
}

export interface CapturedCall {
  readonly requestAttributes: () => Attributes;
  /** Told of every body of the answer, or event of its stream. */
  readonly add: (body: unknown) => void;
  readonly answerAttributes: (finishReasons: readonly (string | undefined)[]) => Attributes;
}

export function createContentCapture(): ContentCapture {
  const redactor = createRedactor();
  const masked = (content: readonly unknown[]): string | undefined => {
    if (content.length === 0) return undefined;
    const text = JSON.stringify(content);
    return text.length > ATTRIBUTE_CHARACTERS_MAX ? undefined : redactText(text, redactor).text;
  };
  return {
    begin(api, body) {
      if (!OPERATIONS.has(api.operation)) return undefined;
      const answer = new AnswerContent();
      return {
        requestAttributes: () => attributesOfRequest(body, masked),
        add: (part) => answer.add(part),
        answerAttributes: (finishReasons) =>
          withoutUndefined({ [GEN_AI.outputMessages]: masked(answer.messages(finishReasons)) }),
      };
    },
  };
}

type Masked = (content: readonly unknown[]) => string | undefined;

function attributesOfRequest(body: string | undefined, masked: Masked): Attributes {
  const request = body === undefined ? undefined : parsed(body);
  if (!isJsonObject(request)) return {};
  const { systemInstructions, inputMessages, toolDefinitions } = requestContentOf(request);
  return withoutUndefined({
    [GEN_AI.systemInstructions]: masked(systemInstructions),
    [GEN_AI.inputMessages]: masked(inputMessages),
    [GEN_AI.toolDefinitions]: masked(toolDefinitions),
  });
}

/** A form, or a body that is cut: there is nothing to show of it. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function withoutUndefined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
