import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What to answer; `silence` reads the request and never answers, `cut` closes the socket then. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | "silence"
  | "cut";

/** A real HTTP server on a free loopback port that stands for somebody else's. */
export interface LocalReceiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** Called for each request, in order of arrival. */
  answer: (request: ReceivedRequest, index: number) => Answer;
  stop(): Promise<void>;
}

export async function startLocalReceiver(answer: LocalReceiver["answer"]): Promise<LocalReceiver> {
  const requests: ReceivedRequest[] = [];
  const receiver = { requests, answer } as unknown as LocalReceiver;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { method = "", url: path = "", headers } = incoming;
      const request = { method, path, headers, body };
      requests.push(request);
      write(response, receiver.answer(request, requests.length - 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function write(response: ServerResponse, answer: Answer): void {
  if (answer === "silence") return;
  if (answer === "cut") {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}
