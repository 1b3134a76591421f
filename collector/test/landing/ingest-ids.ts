import type { Landing } from "../../src/landing/landing.ts";
import { batchIdOf, decodeIds, hashOf, payloadOf, recordOf } from "./test-rows.ts";

/**
 * What the pipeline does with a request, on the payloads of test-rows.ts: level one of the seen window, then
 * level two, then rows and record. Resolves when the client may be told 200.
 */
export async function ingestIds(
  landing: Landing,
  ids: readonly string[],
): Promise<"accepted" | "duplicate"> {
  const { writer, seen } = landing;
  const payload = payloadOf(ids);
  const batchId = batchIdOf(payload);
  if (seen.seenRequest(batchId)) {
    await writer.barrier();
    return "duplicate";
  }
  writer.prepare(ids.length, payload.length);
  const hashes: number[] = [];
  const skipped: number[] = [];
  for (const [ordinal, id] of ids.entries()) {
    const [low, high] = hashOf(id);
    if (seen.addSpan(low, high)) hashes.push(low, high);
    else skipped.push(ordinal);
  }
  const record = recordOf(ids, {
    batchId,
    payload,
    receivedAtMs: Date.now(),
    rowCount: ids.length - skipped.length,
    spanHashes: Uint32Array.from(hashes),
    skippedOrdinals: Uint32Array.from(skipped),
  });
  decodeIds(record, writer.batch);
  await writer.append(record);
  return "accepted";
}
