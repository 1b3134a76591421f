import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { LensError } from "@lensai/otel-config/errors";
import { openLanding } from "../../src/landing/landing.ts";
import { ingestIds } from "../landing/ingest-ids.ts";
import { decodeIds, idsOf } from "../landing/test-rows.ts";

/**
 * A process that is nothing but the landing code behind a socket: POST a list of span ids, get 200 when it is
 * durable. Arguments: data folder, lake folder, seed of a faulty store or "none". Prints one line of JSON
 * with its port when it can be used. SIGTERM drains and ends it.
 */
const [dataDir = "", lakeUrl = "", faultSeed = "none"] = process.argv.slice(2);
const faultyThread = {
  entry: new URL("./faulty-worker.ts", import.meta.url),
  workerData: { lakeUrl, seed: Number(faultSeed) },
};
const landing = await openLanding({
  dataDir,
  lakeUrl,
  store: {},
  region: "local",
  landingIntervalMs: 40,
  decode: decodeIds,
  limits: {
    segmentBytes: 256 * 1024,
    unlandedBytesMax: 64 * 1024 * 1024,
    rowsFull: 4096,
    rowsMax: 4096,
  },
  ...(faultSeed !== "none" && { thread: faultyThread }),
});

const server = createServer((request, response) => {
  void answer(request).then((status) => response.writeHead(status).end());
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});

process.on("SIGTERM", () => {
  server.close();
  void landing.close(60_000).then((isDrained) => process.exit(isDrained ? 0 : 1));
});

async function answer(request: NodeJS.ReadableStream): Promise<number> {
  try {
    await ingestIds(landing, idsOf(await buffer(request)));
    return 200;
  } catch (error) {
    return error instanceof LensError && error.retryable ? 503 : 500;
  }
}
