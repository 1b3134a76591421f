import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CrashTarget } from "./crash-run.ts";
import { postTo } from "./post-to.ts";

/** The collector as operators run it, with spans posted as OTLP/JSON. */
export function collectorTarget(folder: string): CrashTarget {
  const program = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const post = postTo("/v1/traces", { "content-type": "application/json" });
  const startNano = `${Date.now()}000000`;
  return {
    command: () => [program],
    env: {
      LENSAI_DATA_DIR: join(folder, "data"),
      LENSAI_LAKE_URL: pathToFileURL(join(folder, "lake")).href,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_LANDING_INTERVAL_MS: "50",
      LENSAI_WAL_SEGMENT_BYTES: String(1024 * 1024),
    },
    portIn: (line) => line["httpPort"],
    send: (port, ids) => post(port, Buffer.from(JSON.stringify(requestOf(ids, startNano)))),
  };
}

function requestOf(ids: readonly string[], startNano: string): unknown {
  const spans = ids.map((id) => ({
    traceId: id + id,
    spanId: id,
    name: "chat",
    startTimeUnixNano: startNano,
    endTimeUnixNano: startNano,
  }));
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}
