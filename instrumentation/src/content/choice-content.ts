import type { JsonObject } from "../wire/json-path.ts";
import { isText, partsOf, reasoningPart, textPart, toolCallPart } from "./parts.ts";
import type { Part, ToolCall } from "./parts.ts";

/** A part that grows with the events of a stream. */
interface GrowingPart {
  readonly kind: "text" | "reasoning" | "tool_call";
  readonly texts: string[];
  id?: string;
  name?: string;
}

/** One choice of an answer: its parts in the order in which they began. */
export class ChoiceContent {
  #parts: (Part | GrowingPart)[] = [];
  readonly #growing = new Map<string, GrowingPart>();

  append(parts: readonly Part[]): void {
    this.#parts.push(...parts);
  }

  /** Of an answer that comes once more as a whole. */
  replace(parts: readonly Part[]): void {
    this.#parts = [...parts];
    this.#growing.clear();
  }

  /** A block that begins with something in it: the name of a tool, or a whole result. */
  begin(key: string, block: JsonObject): void {
    const { id, name, text, thinking } = block;
    if (isText(text)) this.addText(key, "text", text);
    else if (isText(thinking)) this.addText(key, "reasoning", thinking);
    else if (isText(name)) this.addToolCall(key, { id, name });
    else this.append(partsOf(block));
  }

  addText(key: string, kind: "text" | "reasoning", text: string): void {
    this.#growingAt(key, kind).texts.push(text);
  }

  addToolCall(key: string, { id, name, arguments: given }: ToolCall): void {
    const part = this.#growingAt(key, "tool_call");
    if (isText(id) && id !== "") part.id = id;
    if (isText(name) && name !== "") part.name = name;
    if (isText(given)) part.texts.push(given);
  }

  parts(): Part[] {
    return this.#parts
      .map((part) => ("texts" in part ? grown(part as GrowingPart) : part))
      .filter((part) => !("content" in part && part["content"] === ""));
  }

  #growingAt(key: string, kind: GrowingPart["kind"]): GrowingPart {
    const known = this.#growing.get(key);
    if (known?.kind === kind) return known;
    const part: GrowingPart = { kind, texts: [] };
    this.#growing.set(key, part);
    this.#parts.push(part);
    return part;
  }
}

function grown({ kind, texts, id, name }: GrowingPart): Part {
  const text = texts.join("");
  if (kind === "text") return textPart(text);
  if (kind === "reasoning") return reasoningPart(text);
  return toolCallPart({ id, name, arguments: text === "" ? {} : text });
}
