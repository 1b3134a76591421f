import type { Transform } from "node:stream";
import zlib from "node:zlib";
import type { AnswerObserver } from "../calls/answer-observer.ts";

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: zlib.createGunzip,
  "x-gzip": zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  // Node 22.15 and later.
  zstd: zlib.createZstdDecompress,
};

/**
 * An observer of bytes as they come from the network: what the application decodes for itself is decoded for
 * the given observer as well. The application's own bytes go on as they came.
 */
export function decodedAnswer(
  encoding: string | undefined,
  observer: AnswerObserver,
): AnswerObserver {
  const decoder = DECODERS[encoding?.trim().toLowerCase() ?? ""]?.();
  if (decoder === undefined) return observer;
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
