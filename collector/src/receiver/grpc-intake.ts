import { constants } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { reserve } from "../admission/byte-budget.ts";
import type { ByteReservation } from "../admission/byte-budget.ts";
import { bodyTimedOut } from "./body.ts";

export interface IntakeOptions {
  /** Takes the bytes of the message as they arrive; released when the call has ended. */
  readonly reservation: ByteReservation;
  /** From now until the message is whole. */
  readonly timeoutMs: number;
  /** Answers the call with a LensError: `ingest.overloaded` or `ingest.body_timeout`. */
  readonly refuse: (error: unknown) => void;
}

/**
 * Holds the message of one call to the limits of an HTTP body while it arrives. grpc-js collects a message without a
 * word to anybody, so what arrives is counted on the call's HTTP/2 stream.
 */
export class GrpcIntake {
  readonly reservation: ByteReservation;
  private readonly stream: ServerHttp2Stream;
  private readonly options: IntakeOptions;
  private readonly timer: NodeJS.Timeout;
  private receivedBytes = 0;

  /** Begins to count; the call has been admitted, and nothing of its message has been read. */
  constructor(call: ServerInterceptingCallInterface, options: IntakeOptions) {
    this.options = options;
    this.reservation = options.reservation;
    this.stream = streamOf(call);
    this.timer = setTimeout(() => this.giveUp(bodyTimedOut(options.timeoutMs)), options.timeoutMs);
    this.stream.on("data", this.onData);
    this.stream.once("close", () => {
      clearTimeout(this.timer);
      this.reservation.release();
    });
  }

  /** The message is whole. Throws LensError `ingest.overloaded` when it is larger, inflated, than there is room for. */
  take(message: Uint8Array): void {
    clearTimeout(this.timer);
    reserve(this.reservation, Math.max(0, message.length - this.receivedBytes));
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.stream.writableEnded) return; // answered: grpc-js drops the rest
    this.receivedBytes += chunk.length;
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

/** grpc-js has it in a private field; the tests fail where it has it no more. */
function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  return (call as unknown as { readonly stream: ServerHttp2Stream }).stream;
}
