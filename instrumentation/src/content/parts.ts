import { isJsonObject } from "../wire/json-path.ts";
import type { JsonObject } from "../wire/json-path.ts";

/** A part of a message, as the JSON schemas of the OpenTelemetry GenAI conventions have it. */
export type Part = Readonly<Record<string, unknown>> & { readonly type: string };

export const textPart = (content: string): Part => ({ type: "text", content });
export const reasoningPart = (content: string): Part => ({ type: "reasoning", content });

export interface ToolCall {
  readonly id?: unknown;
  readonly name?: unknown;
  /** An object, or the JSON text of one. */
  readonly arguments?: unknown;
}

export function toolCallPart({ id, name, arguments: given }: ToolCall): Part {
  return { type: "tool_call", ...(isText(id) && { id }), name, arguments: parsed(given) };
}

/**
 * The parts of the content of a message, whoever's API it is of: a text, or a list of texts and blocks. Blocks
 * are told apart by what they hold, since providers name the same things differently. Images, sounds and files
 * are mentioned, not kept.
 */
export function partsOf(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [textPart(content)];
  if (Array.isArray(content)) return (content as unknown[]).flatMap(partsOf);
  return isJsonObject(content) ? partsOfBlock(content) : [];
}

function partsOfBlock(block: JsonObject): Part[] {
  for (const read of BLOCK_READERS) {
    const part = read(block);
    if (part !== undefined) return [part];
  }
  return [mediaPart(block)];
}

type BlockReader = (block: JsonObject) => Part | undefined;

const BLOCK_READERS: readonly BlockReader[] = [
  readReasoning,
  readText,
  readToolCall,
  readToolResponse,
];

/** Anthropic: thinking; Bedrock: reasoningContent; Gemini: a text with `thought`; OpenAI: a summary. */
function readReasoning(block: JsonObject): Part | undefined {
  if (isText(block["thinking"])) return reasoningPart(block["thinking"]);
  if (block["type"] === "reasoning") return reasoningPart(textsIn(block["summary"]).join("\n"));
  if (block["thought"] === true && isText(block["text"])) return reasoningPart(block["text"]);
  const bedrock = block["reasoningContent"];
  if (bedrock === undefined) return undefined;
  return reasoningPart(textsIn([bedrock, memberOf(bedrock, "reasoningText")]).join("\n"));
}

/** "text", "input_text", "output_text", and what has a text and no type; OpenAI says why it refuses. */
function readText(block: JsonObject): Part | undefined {
  const text = block["text"] ?? block["refusal"];
  return isText(text) ? textPart(text) : undefined;
}

/** Anthropic: tool_use; Bedrock: toolUse; Gemini: functionCall; OpenAI: function_call and items of tool_calls. */
function readToolCall(block: JsonObject): Part | undefined {
  const { type, name } = block;
  if (type === "function_call" || type === "custom_tool_call") {
    const given = block["arguments"] ?? block["input"];
    return toolCallPart({ id: block["call_id"], name, arguments: given });
  }
  if (type === "tool_use" || type === "server_tool_use")
    return toolCallPart({ id: block["id"], name, arguments: block["input"] });
  const used = block["toolUse"];
  if (isJsonObject(used))
    return toolCallPart({ id: used["toolUseId"], name: used["name"], arguments: used["input"] });
  const called = block["functionCall"] ?? block["function_call"];
  if (isJsonObject(called))
    return toolCallPart({ id: called["id"], name: called["name"], arguments: called["args"] });
  const wanted = block["function"];
  if (!isJsonObject(wanted)) return undefined;
  return toolCallPart({
    id: block["id"],
    name: wanted["name"],
    arguments: wanted["arguments"],
  });
}

/** Anthropic: tool_result; Bedrock: toolResult; Gemini: functionResponse; OpenAI: function_call_output. */
function readToolResponse(block: JsonObject): Part | undefined {
  const { type } = block;
  if (type === "tool_result") return responsePart(block["tool_use_id"], block["content"]);
  if (type === "function_call_output") return responsePart(block["call_id"], block["output"]);
  const result = block["toolResult"];
  if (isJsonObject(result)) return responsePart(result["toolUseId"], result["content"]);
  const answer = block["functionResponse"] ?? block["function_response"];
  return isJsonObject(answer) ? responsePart(answer["id"], answer["response"]) : undefined;
}

export function responsePart(id: unknown, content: unknown): Part {
  const texts = textsIn(content);
  // A tool that answers with something else than text: what it says, without the data of media.
  const response = texts.length > 0 || Array.isArray(content) ? texts.join("\n") : content;
  return { type: "tool_call_response", ...(isText(id) && { id }), response };
}

const MEDIA = /image|audio|video|file|document/i;

/** What it is, and of which type; never its data. */
function mediaPart(block: JsonObject): Part {
  const named = [block["type"], ...Object.keys(block)].find(
    (name): name is string => isText(name) && MEDIA.test(name),
  );
  const modality = MEDIA.exec(named ?? "")?.[0].toLowerCase() ?? "other";
  return { type: "omitted", modality };
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return (value as unknown[]).flatMap(textsIn);
  return isText(memberOf(value, "text")) ? [memberOf(value, "text") as string] : [];
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value ?? {};
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
