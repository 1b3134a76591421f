import { Readable } from "node:stream";
import { storeUnavailable } from "./store-error.ts";

/**
 * Reads a response body. One that is shorter or longer than announced is `lake.store_unavailable`. (The
 * signal of the request reaches the body too: the client destroys it.)
 */
export async function collectBody(
  body: unknown,
  sizeBytes: number | undefined,
): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw storeUnavailable("the server sent no body");
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) {
    throw storeUnavailable(`the server sent ${bytes.length} bytes of an object of ${sizeBytes}`);
  }
  return bytes;
}
