import type { EventForm } from "./event-form.ts";
import { placesOf } from "./event-places.ts";
import { learnEventForm } from "./learn-event-form.ts";
import type { WireCall } from "./recognise-call.ts";
import type { ResponseFacts } from "./response-facts.ts";
import { addEvent } from "./stream-events.ts";

/** The first event of a stream is often of a form of its own; a form of texts alone is told in a part of the time. */
const NARROW_FORMS_MAX = 2;
/** So many forms in a row that no event was of: of such a stream every event is another one. */
const VAIN_FORMS_MAX = 8;

/** Reads the events of one stream that are JSON texts, each as far as it differs from the one before. */
export class EventReader {
  readonly #call: WireCall;
  readonly #facts: ResponseFacts;
  /** Of the last event: what else it says is in the facts. */
  #form: EventForm | undefined;
  #vainForms = 0;

  constructor(call: WireCall, facts: ResponseFacts) {
    this.#call = call;
    this.#facts = facts;
  }

  read(json: string): void {
    if (this.#form?.addTexts(json, this.#facts) === true) {
      this.#vainForms = 0;
      return;
    }
    this.#form = undefined;
    const isRead = addEvent(this.#call, () => JSON.parse(json), this.#facts);
    // Who captures the content is told every event.
    if (!isRead || this.#facts.onBody !== undefined || this.#vainForms >= VAIN_FORMS_MAX) return;
    this.#vainForms += 1;
    const width = this.#vainForms > NARROW_FORMS_MAX ? "all_but_facts" : "texts";
    this.#form = learnEventForm(json, placesOf(this.#call), width);
  }
}
