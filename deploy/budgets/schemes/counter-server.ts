import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** What the schemes that LensAI is compared with share: one counter that is always right and always there. */
export interface CounterServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** `add` (also below zero) answers with the sum; `take` adds what fits below the limit, if that is `atLeast` so much. */
export type CounterRequest =
  | { readonly add: string }
  | { readonly take: string; readonly atLeast: string };

/** Nano-USD in digits: the sum, and what was taken. */
export interface CounterAnswer {
  readonly sum: string;
  readonly taken: string;
}

export async function startCounterServer(limitNanoUsd: bigint): Promise<CounterServer> {
  let sum = 0n;
  const change = (asked: CounterRequest): CounterAnswer => {
    let taken = 0n;
    if ("add" in asked) sum += BigInt(asked.add);
    else {
      const left = limitNanoUsd - sum;
      const wanted = BigInt(asked.take);
      const fitting = wanted < left ? wanted : left;
      if (fitting >= BigInt(asked.atLeast)) taken = fitting;
      sum += taken;
    }
    return { sum: String(sum), taken: String(taken) };
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = change(JSON.parse(Buffer.concat(chunks).toString()) as CounterRequest);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
