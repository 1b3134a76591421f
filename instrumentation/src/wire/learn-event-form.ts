import { EventForm } from "./event-form.ts";
import type { Gap } from "./event-form.ts";
import type { EventPlace } from "./event-places.ts";
import { afterSpace, endOfString, nestedEnd } from "./json-text.ts";

/** More than any event has that is one of many. */
const GAPS_MAX = 16;
const LENGTH_MAX = 4096;

/** By what events of one form may differ: the texts alone, or also what no fact is read from (numbers, padding). */
export type FormWidth = "texts" | "all_but_facts";

/** The form of an event that has been parsed; undefined when it is not worth it, or two of its members share a name. */
export function learnEventForm(
  json: string,
  outermost: EventPlace,
  width: FormWidth,
): EventForm | undefined {
  return json.length > LENGTH_MAX ? undefined : new Learner(copyOf(json), width).learn(outermost);
}

/** A part of a text keeps all of it in memory, and a form is kept as long as its stream: others came with this event. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

const SCALAR_END = /[\s,\]}]|$/g;
const INTEGER = /^(?:0|[1-9]\d{0,14})$/;

class Learner {
  readonly #json: string;
  readonly #isWide: boolean;
  readonly #pieces: string[] = [];
  readonly #gaps: Gap[] = [];
  #at = 0;
  #pieceStart = 0;
  #isPossible = true;

  constructor(json: string, width: FormWidth) {
    this.#json = json;
    this.#isWide = width === "all_but_facts";
  }

  learn(outermost: EventPlace): EventForm | undefined {
    this.#at = afterSpace(this.#json, 0);
    this.#value(outermost);
    if (!this.#isPossible || this.#gaps.length > GAPS_MAX) return undefined;
    return new EventForm([...this.#pieces, this.#json.slice(this.#pieceStart)], this.#gaps);
  }

  /** `place`: undefined for a value that nothing is read from. */
  #value(place: EventPlace | undefined): void {
    const first = this.#json[this.#at];
    const isInside = place !== undefined && place.reads !== "fact";
    if (isInside && first === "{") return this.#members(place);
    if (isInside && first === "[") return this.#elements(place.elements);
    const end = this.#endOfValue();
    if (first === '"' && place?.reads === "text") this.#gap("text", this.#at + 1, end - 1);
    if (this.#isWide && place === undefined) this.#anyGap(end);
    this.#at = end;
  }

  #anyGap(end: number): void {
    const scalar = this.#json.slice(this.#at, end);
    if (scalar.startsWith('"')) this.#gap("string", this.#at + 1, end - 1);
    else if (INTEGER.test(scalar)) this.#gap("integer", this.#at, end);
  }

  #members(place: EventPlace): void {
    const names = new Set<string>();
    this.#each("}", () => {
      const end = endOfString(this.#json, this.#at);
      const name = this.#json.slice(this.#at + 1, end);
      // Of several with one name the last one counts, and a name may have escapes.
      if (names.has(name) || name.includes("\\")) this.#isPossible = false;
      names.add(name);
      this.#at = afterSpace(this.#json, afterSpace(this.#json, end + 1) + 1);
      this.#value(place.members.get(name));
    });
  }

  #elements(place: EventPlace | undefined): void {
    this.#each("]", () => this.#value(place));
  }

  /** Reads on behind the end of what is nested. */
  #each(end: string, read: () => void): void {
    this.#at = afterSpace(this.#json, this.#at + 1);
    while (this.#json[this.#at] !== end && this.#at < this.#json.length) {
      read();
      this.#at = afterSpace(this.#json, this.#at);
      if (this.#json[this.#at] === ",") this.#at = afterSpace(this.#json, this.#at + 1);
    }
    this.#at += 1;
  }

  #endOfValue(): number {
    const first = this.#json[this.#at];
    if (first === '"') return endOfString(this.#json, this.#at) + 1;
    if (first === "{" || first === "[") return nestedEnd(this.#json, this.#at);
    SCALAR_END.lastIndex = this.#at;
    return SCALAR_END.exec(this.#json)?.index ?? this.#json.length;
  }

  #gap(gap: Gap, start: number, end: number): void {
    this.#pieces.push(this.#json.slice(this.#pieceStart, start));
    this.#gaps.push(gap);
    this.#pieceStart = end;
  }
}
