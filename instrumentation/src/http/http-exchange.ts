import type { ClientRequest, IncomingMessage } from "node:http";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import { RestOfAnswer } from "../calls/rest-of-answer.ts";
import type { RefusalError } from "../guard/refusal.ts";
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
  let cutOff: RefusalError | undefined;
  const rest = new RestOfAnswer(raw);
  const push = response.push.bind(response);
  response.push = (chunk: unknown, charset?: BufferEncoding): boolean => {
    if (cutOff !== undefined) return readOn(rest, chunk);
    if (chunk instanceof Uint8Array) {
      hasChunk = true;
      const shown = neverThrow("reading an answer", () => raw.chunk(chunk)) ?? chunk;
      cutOff = raw.cutOff?.();
      if (cutOff === undefined) return push(bufferOf(shown));
      void leave(response, rest, cutOff);
      return true;
    }
    if (chunk === null && isUsageHidden && hasChunk && response.complete) {
      // What was held back of the stream, if anything.
      const held = raw.end();
      if (held !== undefined && held.length > 0) push(bufferOf(held));
    }
    return push(chunk, charset);
  };
  response.once("close", () => {
    // Where nobody listens for an answer, Node lets its bytes go.
    if (!hasChunk) attempt.abandon();
    else if (cutOff !== undefined) raw.fail(cutOff);
    else closeAnswer(response, raw);
  });
}

/** Answers that Node may read on. */
function readOn(rest: RestOfAnswer, chunk: unknown): true {
  if (chunk instanceof Uint8Array) neverThrow("reading an answer", () => rest.push(chunk));
  return true;
}

async function leave(
  response: IncomingMessage,
  rest: RestOfAnswer,
  cutOff: RefusalError,
): Promise<void> {
  await rest.read();
  // First, and without an error: it would be the request's as well, which nobody may be listening to.
  response.socket.destroy();
  response.destroy(cutOff);
}

function closeAnswer({ complete, errored }: IncomingMessage, answer: AnswerObserver): void {
  if (complete) answer.end();
  else if (errored === null) answer.cancel();
  else answer.fail(errored);
}
