import type { ClientRequest, IncomingMessage } from "node:http";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import { bufferOf } from "../node/buffer-of.ts";
import { answerDecoding } from "../node/decoded-answer.ts";
import { neverThrow } from "../spans/never-throw.ts";

/** Ends the attempt when the request ends without an answer. */
export function observeRequestEnd(
  request: ClientRequest,
  attempt: Attempt,
  isAnswered: () => boolean,
): void {
  // No listener for errors: with one, an error that nobody handles would no longer be one.
  request.once("close", () => {
    if (!isAnswered()) attempt.failed(request.errored ?? request.socket?.errored);
  });
}

/** Reads an answer as it comes from the network, whether and however the application reads it. */
export function observeIncoming(
  response: IncomingMessage,
  attempt: Attempt,
  isUsageAsked: boolean,
): void {
  const { statusCode: status = 0, headers } = response;
  const header = (name: string): string | undefined =>
    [headers[name]].flat().join(", ") || undefined;
  const encoding = header("content-encoding");
  // Nothing can be taken out of bytes that are compressed.
  const isUsageHidden = isUsageAsked && encoding === undefined;
  const head = { status, header };
  const raw = isUsageHidden
    ? attempt.answered(head, { isUsageHidden })
    : attempt.answeredInPassing(head, { decoding: answerDecoding(encoding) });
  if (raw === undefined) return;
  let hasChunk = false;
  const push = response.push.bind(response);
  response.push = (chunk: unknown, charset?: BufferEncoding): boolean => {
    if (chunk instanceof Uint8Array) {
      hasChunk = true;
      const shown = neverThrow("reading an answer", () => raw.chunk(chunk)) ?? chunk;
      const cutOff = raw.cutOff?.();
      if (cutOff !== undefined) {
        // First, and without an error: it would be the request's as well, which nobody may be listening to.
        response.socket.destroy();
        response.destroy(cutOff);
        return false;
      }
      return push(bufferOf(shown));
    }
    if (chunk === null && isUsageHidden && hasChunk && response.complete) {
      // What was held back of the stream, if anything.
      const rest = raw.end();
      if (rest !== undefined && rest.length > 0) push(bufferOf(rest));
    }
    return push(chunk, charset);
  };
  response.once("close", () => {
    // Where nobody listens for an answer, Node lets its bytes go.
    if (!hasChunk) attempt.abandon();
    else closeAnswer(response, raw);
  });
}

function closeAnswer({ complete, errored }: IncomingMessage, answer: AnswerObserver): void {
  if (complete) answer.end();
  else if (errored === null) answer.cancel();
  else answer.fail(errored);
}
