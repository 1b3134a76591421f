import type { AnswerObserver } from "../calls/answer-observer.ts";
import { REST_CHUNKS_MAX, emptyTurns } from "../calls/rest-of-answer.ts";

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
    const { done, value } = await readFrom(source, observer);
    const passed = done ? observer.end() : observer.chunk(value);
    const cutOff = observer.cutOff?.();
    if (cutOff !== undefined) {
      controller.error(cutOff);
      await readRest(source, observer);
      observer.fail(cutOff);
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

/**
 * Before a body is left that the guard has cut off: what has come of it already is billed, and says how much that is, where
 * it would otherwise be taken for the most that it can be. It may even be all, with the provider's own count.
 */
async function readRest(
  source: ReadableStreamDefaultReader<Uint8Array>,
  observer: AnswerObserver,
): Promise<void> {
  try {
    for (let chunks = 0; chunks < REST_CHUNKS_MAX && observer.mayReadRest?.(); chunks += 1) {
      const next = await Promise.race([source.read(), emptyTurns()]);
      if (next === undefined) {
        observer.caughtUp?.();
        return;
      }
      if (next.done) return;
      observer.chunk(next.value);
    }
  } catch {
    // It broke off at its own end as well.
  }
}

/** Reads on, and tells the observer, where it wants to know, that nothing more had come: now, and until more came. */
async function readFrom(
  source: ReadableStreamDefaultReader<Uint8Array>,
  observer: AnswerObserver,
): ReturnType<ReadableStreamDefaultReader<Uint8Array>["read"]> {
  const asked = source.read();
  if (observer.caughtUp === undefined) return asked;
  let isAnswered = false;
  let isEmpty = false;
  const look = async (): Promise<void> => {
    await emptyTurns();
    if (isAnswered) return;
    isEmpty = true;
    observer.caughtUp?.();
  };
  void look();
  try {
    return await asked;
  } finally {
    isAnswered = true;
    if (isEmpty) observer.caughtUp();
  }
}

/** A byte stream takes the memory of a chunk away: what is only a part of its buffer is copied first. */
function ownedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole =
    bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isWhole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
