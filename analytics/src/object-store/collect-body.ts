import { Readable, addAbortSignal } from "node:stream";
import { storeUnavailable } from "./store-error.ts";

/**
 * Reads a response body. The signal reaches it too: the client's own abort ends with the response's
 * headers, so a server that stalls in the middle of a body would hold the caller for ever.
 * A body that is shorter or longer than announced is refused as `lake.store_unavailable`.
 */
export async function collectBody(
  body: unknown,
  sizeBytes: number | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw storeUnavailable("the server sent no body");
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(signal, body)) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) {
    throw storeUnavailable(`the server sent ${bytes.length} bytes of an object of ${sizeBytes}`);
  }
  return bytes;
}
