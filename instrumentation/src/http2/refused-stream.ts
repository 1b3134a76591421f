import type { ClientHttp2Stream } from "node:http2";
import process from "node:process";
import { refusalAnswer } from "../guard/refusal-text.ts";
import type { RefusalError } from "../guard/refusal.ts";

/** How a stream writes what it is given. */
interface Sink {
  _write(chunk: unknown, encoding: string, done: () => void): void;
  _writev(chunks: unknown, done: () => void): void;
  _final(done: () => void): void;
  close(code?: number, closed?: () => void): void;
}

/**
 * Answers a request over HTTP/2 that is not sent, in place of the server. Its stream takes what is written to it and
 * lets it go; it has no id, as before a connection stands. The application sees an error of HTTP, as its SDK expects one.
 */
export function answerWithRefusal(stream: ClientHttp2Stream, refusal: RefusalError): void {
  const { status, headers, body } = refusalAnswer(refusal);
  const answer = { ":status": status, ...headers };
  Object.assign(stream, {
    _write: (_chunk, _encoding, done) => done(),
    _writev: (_chunks, done) => done(),
    _final: (done) => done(),
    // Node would wait for the id of the stream.
    close(_code, closed) {
      if (closed !== undefined) stream.once("close", closed);
      stream.destroy();
    },
  } satisfies Sink);
  stream.once("end", () => stream.destroy());
  process.nextTick(() => {
    if (stream.destroyed) return;
    const raw = Object.entries(answer).flatMap(([name, value]) => [name, String(value)]);
    stream.emit("response", answer, 0, raw);
    stream.push(Buffer.from(body));
    stream.push(null);
  });
}
