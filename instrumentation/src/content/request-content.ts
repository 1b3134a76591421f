import { isJsonObject } from "../wire/json-path.ts";
import type { JsonObject } from "../wire/json-path.ts";
import { isText, partsOf, responsePart } from "./parts.ts";
import type { Part } from "./parts.ts";

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

/** What a model is asked, in the words of the OpenTelemetry GenAI conventions. */
export interface RequestContent {
  readonly systemInstructions: readonly Part[];
  readonly inputMessages: readonly Message[];
  readonly toolDefinitions: readonly unknown[];
}

/** Reads the content of a request of any API: each says the same under one of a few names. */
export function requestContentOf(request: JsonObject): RequestContent {
  const messages = messagesIn(request);
  return {
    systemInstructions: [
      ...partsOf(systemOf(request)),
      ...messages.filter(isInstruction).flatMap(({ parts }) => parts),
    ],
    inputMessages: messages.filter((message) => !isInstruction(message)),
    toolDefinitions: toolsIn(request),
  };
}

const isInstruction = ({ role }: Message): boolean => role === "system" || role === "developer";

/** Anthropic, Bedrock: system; OpenAI responses: instructions; Gemini: a message without a role. */
function systemOf(request: JsonObject): unknown {
  const gemini = request["systemInstruction"] ?? request["system_instruction"];
  if (isJsonObject(gemini)) return gemini["parts"];
  return request["system"] ?? request["instructions"] ?? gemini;
}

/** Most: messages; Gemini: contents; OpenAI responses: input; completions: prompt. */
function messagesIn(request: JsonObject): Message[] {
  const list = request["messages"] ?? request["contents"] ?? request["input"] ?? request["prompt"];
  if (isText(list)) return [{ role: "user", parts: partsOf(list) }];
  return Array.isArray(list) ? (list as unknown[]).map(messageOf) : [];
}

function messageOf(message: unknown): Message {
  if (!isJsonObject(message)) return { role: "user", parts: partsOf(message) };
  const role = isText(message["role"]) ? message["role"] : roleOfItem(message);
  const content = message["content"] ?? message["parts"];
  if (role === "tool" && message["tool_call_id"] !== undefined)
    return { role, parts: [responsePart(message["tool_call_id"], content)] };
  // An item of the responses API that is no message is a block itself.
  if (content === undefined && message["role"] === undefined)
    return { role, parts: partsOf(message) };
  return { role: role === "model" ? "assistant" : role, parts: partsOfMessage(message) };
}

function roleOfItem({ type }: JsonObject): string {
  if (type === "function_call_output") return "tool";
  return type === "function_call" || type === "reasoning" ? "assistant" : "user";
}

/** Its content, what it thought before, and the tools it calls, wherever they stand. */
export function partsOfMessage(message: JsonObject): Part[] {
  const thought = message["reasoning_content"] ?? message["thinking"];
  return [
    ...(isText(thought) && thought !== "" ? partsOf({ thinking: thought }) : []),
    ...partsOf(message["content"] ?? message["parts"]),
    ...partsOf(message["refusal"]),
    ...partsOf(message["tool_calls"]),
  ];
}

function toolsIn(request: JsonObject): readonly unknown[] {
  const config = request["toolConfig"];
  const tools = request["tools"] ?? (isJsonObject(config) ? config["tools"] : undefined);
  return Array.isArray(tools) ? (tools as unknown[]) : [];
}
