import { IncomingMessage } from "node:http";
import type { ClientRequest } from "node:http";
import { Socket } from "node:net";
import process from "node:process";
import { refusalAnswer } from "../guard/refusal-text.ts";
import type { RefusalError } from "../guard/refusal.ts";

/** What Node sets when a request has been sent and answered. */
interface AnsweredRequest {
  res: IncomingMessage;
  finished: boolean;
}

/**
 * Answers a request of node:http that must not be sent, in place of the server: nothing of it leaves the process,
 * and its connection goes back to the agent. The application sees an error of HTTP, as its SDK expects one. Always true.
 */
export function answerWithRefusal(request: ClientRequest, refusal: RefusalError): true {
  const response = refusedMessage(refusal);
  // Before the connection is there: what was written so far would go with it.
  request.destroy();
  Object.assign(response, { req: request });
  Object.assign(request, { res: response, finished: true } satisfies AnsweredRequest);
  const emit = request.emit.bind(request);
  // When its turn for a connection comes, Node says that it was destroyed: an error, and that it is closed.
  request.emit = (name: string | symbol, ...args: unknown[]) =>
    name !== "close" && name !== "error" && emit(name, ...args);
  process.nextTick(() => {
    response.once("close", () => emit("close"));
    emit("finish");
    if (!emit("response", response)) response.resume();
  });
  return true;
}

function refusedMessage(refusal: RefusalError): IncomingMessage {
  const { status, statusText, headers, body } = refusalAnswer(refusal);
  const response = new IncomingMessage(new Socket());
  response.statusCode = status;
  response.statusMessage = statusText;
  response.httpVersion = "1.1";
  response.httpVersionMajor = 1;
  response.httpVersionMinor = 1;
  response.rawHeaders = Object.entries(headers).flat();
  response.headers = { ...headers };
  response.complete = true;
  response.push(body);
  response.push(null);
  return response;
}
