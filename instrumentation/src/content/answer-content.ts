import { isJsonObject, valuesAt } from "../wire/json-path.ts";
import type { JsonObject } from "../wire/json-path.ts";
import { ChoiceContent } from "./choice-content.ts";
import { isText, partsOf } from "./parts.ts";
import { partsOfMessage } from "./request-content.ts";
import type { Message } from "./request-content.ts";

export interface OutputMessage extends Message {
  readonly finish_reason?: string;
}

/** More choices or blocks than any answer has: an index beyond is not one. */
const INDEX_MAX = 256;

/**
 * What a model answered, put together from its whole answer or from the events of a stream, of any API: events
 * are told apart by what they hold. Never throws for what is not as expected; it is left out.
 */
export class AnswerContent {
  readonly #choices = new Map<number, ChoiceContent>();

  /** A whole answer, or one event of a stream. */
  add(body: unknown): void {
    if (!isJsonObject(body)) return;
    for (const choice of listAt(body, "choices")) this.#addOpenAi(choice);
    for (const candidate of listAt(body, "candidates")) {
      const parts = valuesAt(candidate, "content.parts").flatMap(partsOf);
      this.#choiceAt(candidate["index"]).append(parts);
    }
    this.#addResponses(body);
    this.#addBlocks(body);
    this.#addBedrock(body);
    this.#addMessage(body);
  }

  /** By the index of the choice; `finishReasons` are those of the choices. */
  messages(finishReasons: readonly (string | undefined)[]): OutputMessage[] {
    const choices = [...this.#choices].toSorted(([one], [other]) => one - other);
    return choices.map(([index, choice]) => {
      const message = { role: "assistant", parts: choice.parts() };
      const reason = finishReasons[index];
      return reason === undefined ? message : Object.assign(message, { finish_reason: reason });
    });
  }

  #choiceAt(index: unknown): ChoiceContent {
    const known = isIndex(index) ? index : 0;
    const choice = this.#choices.get(known) ?? new ChoiceContent();
    this.#choices.set(known, choice);
    return choice;
  }

  /** Chat: a message, or what is added to it; the older API: a text. */
  #addOpenAi(item: JsonObject): void {
    const { message, delta, text } = item;
    const choice = this.#choiceAt(item["index"]);
    if (isJsonObject(message)) choice.append(partsOfMessage(message));
    if (isText(text)) choice.addText("text", "text", text);
    if (!isJsonObject(delta)) return;
    const { content, reasoning_content: thought } = delta;
    if (isText(thought)) choice.addText("thought", "reasoning", thought);
    if (isText(content)) choice.addText("text", "text", content);
    for (const call of listAt(delta, "tool_calls")) {
      const wanted = isJsonObject(call["function"]) ? call["function"] : {};
      choice.addToolCall(`tool ${String(call["index"])}`, {
        id: call["id"],
        name: wanted["name"],
        arguments: wanted["arguments"],
      });
    }
  }

  /** The last event of OpenAI's responses holds all of it; before, there are texts. */
  #addResponses(body: JsonObject): void {
    const { response, type } = body;
    const whole = isJsonObject(response) ? response : body;
    if (Array.isArray(whole["output"]) && (whole["output"] as unknown[]).length > 0) {
      const items = listAt(whole, "output");
      const parts = items.flatMap((item) => partsOf(item["content"] ?? item));
      this.#choiceAt(0).replace(parts);
    } else if (type === "response.output_text.delta" && isText(body["delta"])) {
      this.#choiceAt(0).addText(`text ${String(body["output_index"])}`, "text", body["delta"]);
    }
  }

  /** Anthropic: blocks that begin and grow. */
  #addBlocks(body: JsonObject): void {
    const { delta, index } = body;
    const key = `block ${String(index)}`;
    const begun = body["content_block"];
    if (isJsonObject(begun)) this.#choiceAt(0).begin(key, begun);
    if (!isJsonObject(delta) || body["type"] !== "content_block_delta") return;
    const { text, thinking, partial_json: json } = delta;
    if (isText(text)) this.#choiceAt(0).addText(key, "text", text);
    if (isText(thinking)) this.#choiceAt(0).addText(key, "reasoning", thinking);
    if (isText(json)) this.#choiceAt(0).addToolCall(key, { arguments: json });
  }

  #addBedrock(body: JsonObject): void {
    for (const message of valuesAt(body, "output.message")) {
      if (isJsonObject(message)) this.#choiceAt(0).append(partsOfMessage(message));
    }
    const { contentBlockStart: begun, contentBlockDelta: grown } = body;
    if (isJsonObject(begun)) {
      for (const use of valuesAt(begun, "start.toolUse")) {
        if (!isJsonObject(use)) continue;
        const key = `block ${String(begun["contentBlockIndex"])}`;
        this.#choiceAt(0).addToolCall(key, { id: use["toolUseId"], name: use["name"] });
      }
    }
    if (!isJsonObject(grown)) return;
    const key = `block ${String(grown["contentBlockIndex"])}`;
    const [text] = valuesAt(grown, "delta.text");
    const [thought] = valuesAt(grown, "delta.reasoningContent.text");
    const [json] = valuesAt(grown, "delta.toolUse.input");
    if (isText(text)) this.#choiceAt(0).addText(key, "text", text);
    if (isText(thought)) this.#choiceAt(0).addText(key, "reasoning", thought);
    if (isText(json)) this.#choiceAt(0).addToolCall(key, { arguments: json });
  }

  /** Anthropic and Cohere as a whole; Ollama line by line; Cohere's streams. */
  #addMessage(body: JsonObject): void {
    const { message, content, response, type } = body;
    if (type === "message" && content !== undefined) this.#choiceAt(0).append(partsOf(content));
    if (isText(response)) this.#choiceAt(0).addText("text", "text", response);
    if (isJsonObject(message) && type === undefined) {
      if (isText(message["thinking"]))
        this.#choiceAt(0).addText("thought", "reasoning", message["thinking"]);
      if (isText(message["content"])) this.#choiceAt(0).addText("text", "text", message["content"]);
      else this.#choiceAt(0).append(partsOf(message["content"]));
      this.#choiceAt(0).append(partsOf(message["tool_calls"]));
    }
    for (const text of valuesAt(body, "delta.message.content.text")) {
      if (isText(text)) this.#choiceAt(0).addText(`block ${String(body["index"])}`, "text", text);
    }
  }
}

function listAt(body: JsonObject, name: string): JsonObject[] {
  const list = body[name];
  return Array.isArray(list) ? (list as unknown[]).filter(isJsonObject) : [];
}

function isIndex(index: unknown): index is number {
  return Number.isInteger(index) && (index as number) >= 0 && (index as number) < INDEX_MAX;
}
