import type { AnswerObserver } from "../calls/answer-observer.ts";

/**
 * The same body, observed in passing. Nothing is read before the reader reads, and never more than one chunk:
 * its back-pressure stays what it was. Errors and cancellations go through.
 */
export function observedBody(
  body: ReadableStream<Uint8Array>,
  observer: AnswerObserver,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** The chunk that is on its way to the reader. */
  let passing: Promise<void> = Promise.resolve();

  // Not before the reader asks: a body that nobody reads must stay unlocked, so that its connection is freed.
  const open = (controller: ReadableByteStreamController): typeof reader => {
    if (reader !== undefined) return reader;
    reader = body.getReader();
    reader.closed.catch(async (error: unknown) => {
      // What was read already comes before the error.
      await passing;
      observer.fail(error);
      // Also between two reads, as the body itself would.
      controller.error(error);
    });
    return reader;
  };

  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const source = open(controller);
      if (source === undefined) return;
      const passed = passChunk(source, controller, observer);
      passing = passed.catch(() => undefined);
      await passed;
    },
    async cancel(reason) {
      observer.cancel();
      await (reader ?? body).cancel(reason);
    },
  });
}

async function passChunk(
  source: ReadableStreamDefaultReader<Uint8Array>,
  controller: ReadableByteStreamController,
  observer: AnswerObserver,
): Promise<void> {
  for (;;) {
    const { done, value } = await source.read();
    const passed = done ? observer.end() : observer.chunk(value);
    const cutOff = observer.cutOff?.();
    if (cutOff !== undefined) {
      controller.error(cutOff);
      await source.cancel(cutOff);
      return;
    }
    // Asked before it is passed on: then its memory is gone, and it has no length.
    const hasBytes = passed !== undefined && passed.length > 0;
    if (hasBytes) controller.enqueue(ownedBytes(passed));
    if (done) {
      controller.close();
      controller.byobRequest?.respond(0);
    }
    if (done || hasBytes) return;
  }
}

/** A byte stream takes the memory of a chunk away: what is only a part of its buffer is copied first. */
function ownedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole =
    bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isWhole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
