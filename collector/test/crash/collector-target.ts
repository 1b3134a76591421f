import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../landing/test-folder.ts";
import type { CrashTarget } from "./crash-run.ts";
import { postTo } from "./post-to.ts";

const DAY_NANO = 86_400_000_000_000n;

/**
 * The collector as operators run it, with spans posted as OTLP/JSON. Every span has content, and requests
 * span two days: a landing is up to four files and a commit.
 */
export function collectorTarget(
  folder: string,
  settings: Readonly<Record<string, string>>,
): CrashTarget {
  const program = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const post = postTo("/v1/traces", { "content-type": "application/json" });
  const startNano = BigInt(Date.now()) * 1_000_000n;
  return {
    command: () => [program],
    env: {
      LENSAI_DATA_DIR: join(folder, "data"),
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_LANDING_INTERVAL_MS: "50",
      LENSAI_WAL_SEGMENT_BYTES: String(1024 * 1024),
      ...settings,
    },
    portIn: (line) => line["httpPort"],
    send: (port, ids) => post(port, Buffer.from(JSON.stringify(requestOf(ids, startNano)))),
    settle: untilLanded, // may take longer than a stop waits for
  };
}

interface Stats {
  readonly pipeline: {
    readonly landing: {
      readonly waitingSegments: number;
      /** Undefined: nothing waits, in no segment. */
      readonly oldestReceivedMs?: number;
    };
  };
}

/** Waits until everything that the collector has acknowledged is in the lake. */
export async function untilLanded(port: number): Promise<void> {
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/internal/stats`);
    const { waitingSegments, oldestReceivedMs } = ((await response.json()) as Stats).pipeline
      .landing;
    return waitingSegments === 0 && oldestReceivedMs === undefined;
  });
}

function requestOf(ids: readonly string[], startNano: bigint): unknown {
  const spans = ids.map((id) => {
    const isOfYesterday = Number.parseInt(id.slice(-1), 16) % 2 === 1;
    const timeUnixNano = String(isOfYesterday ? startNano - DAY_NANO : startNano);
    const messages = [{ role: "user", parts: [{ type: "text", content: `question ${id}` }] }];
    return {
      traceId: id + id,
      spanId: id,
      name: "chat",
      startTimeUnixNano: timeUnixNano,
      endTimeUnixNano: timeUnixNano,
      attributes: [
        { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
        { key: "gen_ai.input.messages", value: { stringValue: JSON.stringify(messages) } },
      ],
    };
  });
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}
