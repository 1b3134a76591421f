import { constants } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { reserve } from "../admission/byte-budget.ts";
import type { ByteReservation } from "../admission/byte-budget.ts";
import { bodyTimedOut } from "./body.ts";
import { contentEncodingOf } from "./inflate.ts";
import type { ContentEncoding } from "./inflate.ts";

export interface IntakeOptions {
  /** Takes the bytes of the message as they arrive; released when the call has ended. */
  readonly reservation: ByteReservation;
  /** From now until the message is whole. */
  readonly timeoutMs: number;
  /** Answers the call with a LensError: `ingest.overloaded` or `ingest.body_timeout`. */
  readonly refuse: (error: unknown) => void;
}

/**
 * Holds the message of one call to the limits of an HTTP body. grpc-js collects a message without a word to anybody, so
 * what arrives is counted on the call's HTTP/2 stream; and it would inflate every message at once, so the message is
 * taken from it as it came.
 */
export class GrpcIntake {
  readonly reservation: ByteReservation;
  private readonly stream: ServerHttp2Stream;
  private readonly options: IntakeOptions;
  private readonly timer: NodeJS.Timeout;
  private grpcEncoding = "identity";

  /** Begins to count; the call has been admitted, and nothing of its message has been read. */
  constructor(call: ServerInterceptingCallInterface, options: IntakeOptions) {
    this.options = options;
    this.reservation = options.reservation;
    const internals = internalsOf(call);
    this.stream = internals.stream;
    internals.decompressMessage = (framed, encoding) => {
      this.grpcEncoding = encoding;
      return framed.subarray(FRAME_HEAD_BYTES);
    };
    this.timer = setTimeout(() => this.giveUp(bodyTimedOut(options.timeoutMs)), options.timeoutMs);
    this.stream.on("data", this.onData);
    this.stream.once("close", () => {
      clearTimeout(this.timer);
      this.reservation.release();
    });
  }

  /** The message is whole: how it is compressed. Throws LensError `ingest.encoding_unsupported`. */
  take(): ContentEncoding {
    clearTimeout(this.timer);
    return contentEncodingOf(this.grpcEncoding);
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.stream.writableEnded) return; // answered: grpc-js drops the rest
    try {
      reserve(this.reservation, chunk.length);
    } catch (error) {
      this.giveUp(error);
    }
  };

  /** What has arrived is kept for as long as the stream is open, so it does not wait for the client to end it. */
  private giveUp(error: unknown): void {
    this.stream.off("data", this.onData);
    this.options.refuse(error);
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

/** Whether the message is compressed, and its length. */
const FRAME_HEAD_BYTES = 5;

/** What grpc-js keeps to itself; the tests fail where it has it no more. */
interface CallInternals {
  readonly stream: ServerHttp2Stream;
  /** `encoding` is that of this message: "identity" where it says so itself. */
  decompressMessage: (framed: Buffer, encoding: string) => Buffer;
}

function internalsOf(call: ServerInterceptingCallInterface): CallInternals {
  return call as unknown as CallInternals;
}
