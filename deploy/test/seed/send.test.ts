import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { sendBatch } from "../../seed/send.ts";

let server: Server;
afterEach(() => {
  server.close();
});

/** A receiver that answers with these statuses in turn; resolves to its URL and the bodies it got. */
async function receiver(statuses: readonly number[]): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const status = statuses[bodies.length] ?? 200;
      bodies.push(gunzipSync(Buffer.concat(chunks)).toString());
      response.writeHead(status, { "retry-after": "0.01" }).end("said the receiver");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

describe("sending a batch", () => {
  it("sends the same body again after 429 and 503", async () => {
    const { url, bodies } = await receiver([429, 503]);
    await sendBatch({ url, apiKey: "key" }, Buffer.from("batch"));
    expect(bodies).toEqual(["batch", "batch", "batch"]);
  });

  it("gives up at once on an answer that a retry cannot change, and repeats what was said", async () => {
    const { url, bodies } = await receiver([400]);
    await expect(sendBatch({ url, apiKey: "key" }, Buffer.from("batch"))).rejects.toThrow(
      "the receiver answered 400: said the receiver",
    );
    expect(bodies).toHaveLength(1);
  });
});
