/** Proxies close streams that are silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it connects again, in the stream's own notation. */
const RECONNECT_MS = 2000;
/** A reader that leaves this many messages lying is asleep or gone: its stream ends, and it may come back. */
const UNREAD_MAX = 32;

export interface EventStreamSource {
  /** Starts calling `emit` on news; returns the function that ends it. */
  readonly subscribe: (emit: () => void) => () => void;
  /** Ends the stream from outside. */
  readonly ending: AbortSignal;
  /** The name of the event that tells the news. */
  readonly event: string;
}

/** Server-sent events without data: "there is something new, load it". */
export function eventStream(source: EventStreamSource): Response {
  const encoder = new TextEncoder();
  let release: (() => void) | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const end = (): void => {
        release?.();
        controller.close();
      };
      const send = (text: string): void => {
        // The queue takes one message; what lies beyond counts as less than nothing.
        if ((controller.desiredSize ?? 0) <= -UNREAD_MAX) end();
        else controller.enqueue(encoder.encode(text));
      };
      send(`retry: ${RECONNECT_MS}\n\n`);
      const unsubscribe = source.subscribe(() => send(`event: ${source.event}\ndata:\n\n`));
      const heartbeat = setInterval(() => send(":\n\n"), HEARTBEAT_MS);
      release = () => {
        clearInterval(heartbeat);
        unsubscribe();
        source.ending.removeEventListener("abort", end);
      };
      if (source.ending.aborted) end();
      else source.ending.addEventListener("abort", end, { once: true });
    },
    cancel: () => release?.(),
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // nginx would collect the stream otherwise.
      "x-accel-buffering": "no",
    },
  });
}
