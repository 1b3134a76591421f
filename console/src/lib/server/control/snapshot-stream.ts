import type { SealedSnapshot, SnapshotFeed } from "./snapshot-feed.ts";

/** How long a collector that lost its stream waits before it comes back, in the stream's own notation. */
const RECONNECT_MS = 500;

export interface SnapshotStreamOptions {
  /** The version that the reader has; it is told what is newer. */
  readonly knownVersion: number | undefined;
  /** Ends the stream from outside. */
  readonly ending: AbortSignal;
}

/**
 * Server-sent events: an event `snapshot` per version, its data the signed snapshot, and a comment whenever the
 * database has confirmed that it still holds. A reader that is slower than the changes gets the newest only, and
 * holds up nothing: besides one message on its way, only the fact that there is something newer is kept for it.
 * Rejects when the database cannot be asked.
 */
export async function snapshotStream(
  feed: SnapshotFeed,
  { knownVersion, ending }: SnapshotStreamOptions,
): Promise<Response> {
  let newest: SealedSnapshot = await feed.current();
  let sentVersion = knownVersion;
  let isConfirmed = true;
  let release: (() => void) | undefined;
  let pull: (() => void) | undefined;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const write = (text: string): void => controller.enqueue(encoder.encode(text));
      const flush = (): void => {
        if ((controller.desiredSize ?? 0) <= 0) return;
        if (newest.version !== sentVersion) {
          sentVersion = newest.version;
          write(`event: snapshot\nid: ${newest.version}\ndata: ${newest.envelope}\n\n`);
        } else if (isConfirmed) write(":\n\n");
        isConfirmed = false;
      };
      const unsubscribe = feed.subscribe({
        changed: (snapshot) => {
          newest = snapshot;
          flush();
        },
        confirmed: () => {
          isConfirmed = true;
          flush();
        },
      });
      const end = (): void => {
        release?.();
        controller.close();
      };
      release = () => {
        unsubscribe();
        ending.removeEventListener("abort", end);
      };
      pull = flush;
      write(`retry: ${RECONNECT_MS}\n\n`);
      if (ending.aborted) end();
      else ending.addEventListener("abort", end, { once: true });
    },
    pull: () => pull?.(),
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
