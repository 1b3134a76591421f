import type { Transform } from "node:stream";
import zlib from "node:zlib";
import type { AnswerDecoding, AnswerObserver } from "../calls/answer-observer.ts";

interface Coding {
  readonly decoder: () => Transform;
  /** What there is of a body that may have been cut off. Throws for one that is not what it says. */
  readonly decode: (bytes: Uint8Array) => Uint8Array;
}

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants;

/** A longer body is decoded as it comes: to keep it would be the application's memory, and to decode it its time. */
const KEPT_BYTES_MAX = 256 * 1024;
/** Of what a body that is kept is decoded to. */
const DECODED_BYTES_MAX = 16 * KEPT_BYTES_MAX;

const limits = { finishFlush: Z_SYNC_FLUSH, maxOutputLength: DECODED_BYTES_MAX };
const GZIP: Coding = {
  decoder: zlib.createGunzip,
  decode: (bytes) => zlib.gunzipSync(bytes, limits),
};

const CODINGS: Readonly<Record<string, Coding | undefined>> = {
  gzip: GZIP,
  "x-gzip": GZIP,
  deflate: {
    decoder: zlib.createInflate,
    decode: (bytes) => zlib.inflateSync(bytes, limits),
  },
  br: {
    decoder: zlib.createBrotliDecompress,
    decode: (bytes) =>
      zlib.brotliDecompressSync(bytes, { ...limits, finishFlush: BROTLI_OPERATION_FLUSH }),
  },
  // Node 22.15 and later.
  ...(typeof zlib.createZstdDecompress === "function" && {
    zstd: {
      decoder: zlib.createZstdDecompress,
      decode: (bytes: Uint8Array) =>
        zlib.zstdDecompressSync(bytes, { ...limits, finishFlush: ZSTD_e_flush }),
    },
  }),
};

/**
 * How an observer of bytes as they come from the network is told them as the application sees them; its own bytes go on
 * as they came. Undefined for what is not encoded, and for codings that are not known.
 */
export function answerDecoding(encoding: string | undefined): AnswerDecoding | undefined {
  const coding = encoding && CODINGS[encoding.trim().toLowerCase()];
  if (!coding) return undefined;
  return {
    asTheyCome: (observer) => decodedAsTheyCome(coding, observer),
    afterwards: (observer) => decodedAfterwards(coding, observer),
  };
}

/** Decodes outside of the main thread, a moment after the application has the bytes. */
function decodedAsTheyCome({ decoder: create }: Coding, observer: AnswerObserver): AnswerObserver {
  const decoder = create();
  let close: (() => unknown) | undefined;
  let hasEnded = false;
  const ended = (): void => {
    hasEnded = true;
    close?.();
  };
  decoder.on("data", (bytes: Buffer) => void observer.chunk(bytes));
  // A body that was cut, or never was what it said, ends in an error; what came before it has been read.
  decoder.once("error", ended);
  decoder.once("end", ended);
  const closeWith = (then: () => unknown): undefined => {
    close = then;
    if (hasEnded) then();
    else decoder.end();
  };
  return {
    chunk(bytes) {
      if (!hasEnded) decoder.write(bytes);
      return bytes;
    },
    end: () => closeWith(observer.end),
    fail: (error) => closeWith(() => observer.fail(error)),
    cancel: () => closeWith(observer.cancel),
    ...(observer.cutOff !== undefined && { cutOff: observer.cutOff }),
  };
}

/** Decodes the whole body at once when it has ended: most are small, and a decoder of their own costs more than they do. */
function decodedAfterwards(coding: Coding, observer: AnswerObserver): AnswerObserver {
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let passing: AnswerObserver | undefined;
  const passOn = (): AnswerObserver => {
    passing ??= decodedAsTheyCome(coding, observer);
    for (const chunk of kept) passing.chunk(chunk);
    kept = [];
    return passing;
  };
  const ended = (how: (to: AnswerObserver) => unknown): undefined => {
    const decoded = passing === undefined ? decodedWhole(coding, kept) : "too_large";
    if (decoded === "too_large") how(passOn());
    else {
      if (decoded !== undefined) observer.chunk(decoded);
      how(observer);
    }
  };
  return {
    chunk(bytes) {
      kept.push(bytes);
      keptBytes += bytes.length;
      if (keptBytes > KEPT_BYTES_MAX) passOn();
      return bytes;
    },
    end: () => ended((to) => to.end()),
    fail: (error) => ended((to) => to.fail(error)),
    cancel: () => ended((to) => to.cancel()),
  };
}

/** Undefined for what is not what it says: then nothing of it is read. */
function decodedWhole(
  { decode }: Coding,
  chunks: readonly Uint8Array[],
): Uint8Array | "too_large" | undefined {
  try {
    return decode(Buffer.concat(chunks));
  } catch (error) {
    return (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? "too_large" : undefined;
  }
}
