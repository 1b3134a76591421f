import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import type { SseEvent } from "@lensai/otel-config/event-stream/sse-parser";
import { withoutNullUsage } from "./null-usage.ts";
import { EVENT_LENGTH_MAX } from "./stream-events.ts";
import { withoutStreamUsage } from "./stream-usage-option.ts";

/**
 * Takes out of a stream what is only there because its usage was asked for. No more of it is held back than one event
 * that is not complete.
 */
export class UsageHider {
  /** Of chunks that end within an event, or begin there. */
  #parted: PartedEvents | undefined;

  /** What the application gets in place of the chunk, which stays as it is. */
  shown(chunk: Uint8Array): Uint8Array {
    const endsEvent = isEndOfEvent(chunk);
    // Nearly every chunk is whole events, and of them nearly all have nothing to be taken out but `"usage":null`.
    if (this.#parted === undefined && endsEvent)
      return withoutNullUsage(chunk) ?? shownOf(eventsOf(chunk));
    this.#parted ??= new PartedEvents();
    const shown = shownOf(this.#parted.push(chunk));
    if (endsEvent) this.#parted = undefined;
    return shown;
  }

  /** What was held back when the stream has ended. */
  rest(): Uint8Array {
    return this.#parted === undefined ? NOTHING : shownOf(this.#parted.end());
  }
}

const NOTHING = new Uint8Array(0);
/** Made once: the application waits for every part of a stream. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Of a chunk of whole ones. */
function eventsOf(chunk: Uint8Array): readonly SseEvent[] {
  return new SseParser(EVENT_LENGTH_MAX).push(decoder.decode(chunk));
}

/** Whole events, of chunks that are cut anywhere. */
class PartedEvents {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);

  push(chunk: Uint8Array): readonly SseEvent[] {
    return this.#parser.push(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): readonly SseEvent[] {
    const events = this.#parser.push(this.#decoder.decode());
    const last = this.#parser.end();
    return last === undefined ? events : [...events, last];
  }
}

function shownOf(events: readonly SseEvent[]): Uint8Array {
  const shown = events.map((event) => withoutStreamUsage(event) ?? "").join("");
  return shown === "" ? NOTHING : encoder.encode(shown);
}

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** Does it end with an empty line? Events that end in another way are whole as well, and take longer. */
function isEndOfEvent(bytes: Uint8Array): boolean {
  const end = bytes.length;
  if (bytes[end - 1] !== LINE_FEED) return false;
  return (
    bytes[end - 2] === LINE_FEED || (bytes[end - 2] === RETURN && bytes[end - 3] === LINE_FEED)
  );
}
