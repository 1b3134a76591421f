import type { RefusalError } from "../guard/refusal.ts";
import { answerBegunWithRefusal } from "./refused-request.ts";
import type { UndiciRequest } from "./undici-request.ts";

/** From now on undici sends this body, and says how long it is. */
export function replaceBody(request: UndiciRequest, body: string): void {
  const bytes = Buffer.from(body);
  request.body = bytes;
  // What the caller has said is compared with what is sent.
  if (typeof request.contentLength === "number") request.contentLength = bytes.length;
}

/**
 * Makes a request whose body is in memory wait until it is known what is to stop it, if anything. Over HTTP/1.1 undici
 * writes the head of a request with the first part of a body that is iterated, and over HTTP/2 nobody works for a request
 * whose body has not come. Its connection is taken meanwhile.
 */
export function holdBody(request: UndiciRequest, stopped: Promise<RefusalError | undefined>): void {
  const given = request.body as Uint8Array;
  request.contentLength ??= given.length;
  request.body = {
    // Asked for when there is a connection.
    async *[Symbol.asyncIterator]() {
      const refusal = await stopped;
      if (refusal !== undefined) {
        answerBegunWithRefusal(request, refusal);
        throw refusal;
      }
      yield given;
    },
  };
}
