import type { GuardedCall } from "../guard/guarded-call.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { neverThrow } from "../spans/never-throw.ts";
import type { BodyEnd, ResponseReader } from "../wire/response-reader.ts";
import { joined } from "../wire/joined-bytes.ts";
import { UsageHider } from "../wire/usage-hider.ts";
import type { Later } from "./later.ts";
import type { ObservedCall } from "./observed-call.ts";

/** What happens to the bytes of an answer on their way to the application. None of it throws. */
export interface AnswerObserver {
  /** Answers with what the application gets in place of the chunk. */
  readonly chunk: (chunk: Uint8Array) => Uint8Array;
  /** The last byte was read; answers with what comes behind it. */
  readonly end: () => Uint8Array | undefined;
  /** The body broke off; the application gets the same error. */
  readonly fail: (error: unknown) => void;
  /** The application does not want more. */
  readonly cancel: () => void;
  /**
   * To be asked after every chunk: has the guard cut the answer off? Then its transport ends it with this error, for
   * the application and towards the provider, passes nothing more on, and tells `fail` when it reads no more: chunks
   * that come until then were sent, and are billed.
   */
  readonly cutOff?: () => RefusalError | undefined;
  /** May a transport that has been told to cut off read what has come already? Not beyond what is held for it. */
  readonly mayReadRest?: () => boolean;
  /**
   * To be told when nothing more has come than was read, by a transport that can know: it says how far behind its
   * provider a reader is.
   */
  readonly caughtUp?: () => void;
}

/** How an observer is told of bytes that come encoded: each answers with one that is told them as they come. */
export interface AnswerDecoding {
  /** Soon enough for one that may end the answer. */
  readonly asTheyCome: (observer: AnswerObserver) => AnswerObserver;
  /** When the answer has ended, in that turn unless it is long. */
  readonly afterwards: (observer: AnswerObserver) => AnswerObserver;
}

const NOTHING = new Uint8Array(0);

/** Reads an answer for its span; every byte goes on as it came. */
export function readingObserver(
  span: ObservedCall,
  reader: ResponseReader,
  later: Later,
): AnswerObserver {
  const close = (end: BodyEnd, error?: unknown): undefined => {
    span.answerEnded();
    later(() => {
      neverThrow("reading the end of an answer", () => reader.end(end));
      neverThrow("ending a span", () => span.complete(reader.facts, error));
    });
  };
  return {
    chunk(chunk) {
      neverThrow("reading an answer", () => {
        span.chunkArrived();
        reader.push(chunk);
      });
      return chunk;
    },
    end: () => close("whole"),
    fail: (error) => close("broken_off", error),
    cancel: () => close("broken_off"),
  };
}

/** Parts of an answer that are read in one go, or fewer that are long: few enough that nobody notices. */
const CHUNKS_TOLD = 16;
const BYTES_TOLD = 64 * 1024;
/** So much is copied in less time than it takes to begin anew. */
const JOINED_BYTES_MAX = 16 * 1024;

/**
 * Tells later what happens to an answer whose bytes nobody overwrites; `observe` makes what is told, when that is
 * needed. Until then a part of an answer costs no more than its place in a list.
 */
export function lateObserver(
  span: ObservedCall,
  observe: () => AnswerObserver | undefined,
  later: Later,
): AnswerObserver {
  let observer: AnswerObserver | undefined;
  let isObserved = false;
  let chunks: Uint8Array[] = [];
  /** What may come until reading is to be put off once more. */
  let chunksLeft = 0;
  let bytesLeft = 0;
  const told = (): AnswerObserver | undefined => {
    if (!isObserved) {
      isObserved = true;
      observer = observe();
    }
    const arrived = chunks;
    chunks = [];
    chunksLeft = 0;
    bytesLeft = 0;
    for (const part of inFewParts(arrived)) observer?.chunk(part);
    return observer;
  };
  const tellChunks = (): void => void told();
  const close = (how: (to: AnswerObserver) => void): undefined => {
    span.answerEnded();
    later(() => {
      const to = told();
      // A connection that is kept holds the call that opened it.
      observer = undefined;
      if (to !== undefined) how(to);
    });
  };
  return {
    chunk(chunk) {
      if (chunks.length === 0) span.chunkArrived();
      chunks.push(chunk);
      chunksLeft -= 1;
      bytesLeft -= chunk.length;
      if (chunksLeft >= 0 && bytesLeft >= 0) return chunk;
      chunksLeft = CHUNKS_TOLD - 1;
      bytesLeft = BYTES_TOLD;
      later(tellChunks);
      return chunk;
    },
    end: () => close((to) => to.end()),
    fail: (error) => close((to) => to.fail(error)),
    cancel: () => close((to) => to.cancel()),
  };
}

/** Parts that are small become one: to begin anew for each takes longer than to read it. */
function inFewParts(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  for (const { length } of parts) bytes += length;
  return parts.length > 1 && bytes <= JOINED_BYTES_MAX ? [joined(parts)] : parts;
}

/** Takes out of a stream what is only there because the instrumentation asked for usage. */
export function hidingObserver(observer: AnswerObserver = UNREAD): AnswerObserver {
  const hider = new UsageHider();
  return {
    ...observer,
    chunk(chunk) {
      // What a guard has cut off is none.
      const passed = observer.chunk(chunk);
      if (passed.length === 0) return passed;
      return neverThrow("rewriting a stream", () => hider.shown(passed)) ?? passed;
    },
    end() {
      observer.end();
      return neverThrow("rewriting a stream", () => hider.rest());
    },
  };
}

/** Of an answer that passes without anybody looking at it. */
const UNREAD: AnswerObserver = {
  chunk: (chunk) => chunk,
  end: () => undefined,
  fail: () => {},
  cancel: () => {},
};

/** Lets nothing of a stream pass that is not paid for. */
export function meteredObserver(
  observer: AnswerObserver,
  { facts }: ResponseReader,
  guarded: GuardedCall,
): AnswerObserver {
  let cutOff: RefusalError | undefined;
  return {
    ...observer,
    chunk(chunk) {
      const passed = observer.chunk(chunk);
      cutOff ??= neverThrow("metering a stream", () => guarded.meter(facts));
      return cutOff === undefined ? passed : NOTHING;
    },
    fail(error) {
      neverThrow("metering a stream", () => guarded.readEnded());
      observer.fail(error);
    },
    cancel() {
      neverThrow("metering a stream", () => guarded.readEnded());
      observer.cancel();
    },
    cutOff: () => cutOff,
    mayReadRest: () =>
      neverThrow("metering a stream", () => guarded.holdsMoreThanRead(facts)) === true,
    caughtUp: () => neverThrow("metering a stream", () => guarded.caughtUp(facts)),
  };
}
