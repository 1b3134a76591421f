import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createCollector } from "../../src/collector.ts";
import type { Collector } from "../../src/collector.ts";
import { parseConfig } from "../../src/config.ts";
import { LakePipeline } from "../../src/lake-pipeline.ts";
import { createLog } from "../../src/log.ts";
import { callPort } from "../conformance/grpc-call.ts";
import { postTo } from "../crash/post-to.ts";
import { countSpanIds } from "../landing/lake-rows.ts";

const PROTOBUF = { "content-type": "application/x-protobuf" };

/** A whole collector with a clock of the test's own, on ports and files that are real. */
export class ClockedCollector {
  nowMs = Date.now();
  private readonly folder: string;
  private running: Collector | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    const environment = {
      LENSAI_DATA_DIR: join(this.folder, "data"),
      LENSAI_LAKE_URL: pathToFileURL(join(this.folder, "lake")).href,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_LANDING_INTERVAL_MS: "50",
      LENSAI_WAL_SEGMENT_BYTES: String(1024 * 1024),
    };
    const config = parseConfig(environment, this.folder);
    const nowMs = (): number => this.nowMs;
    const pipeline = new LakePipeline(config, { now: nowMs });
    const log = createLog(
      () => undefined,
      () => new Date(this.nowMs),
    );
    this.running = createCollector(config, { pipeline, nowMs, log });
    await this.running.start();
  }

  async stop(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async post(body: Buffer, path = "/v1/traces", encoding = "identity"): Promise<void> {
    const headers = { ...PROTOBUF, "content-encoding": encoding };
    const status = await postTo(path, headers)(this.running?.httpPort ?? 0, body);
    assert.equal(status, 200);
  }

  async call(message: Buffer): Promise<void> {
    const answer = await callPort(this.running?.grpcPort ?? 0, { message });
    assert.equal(answer.status, 0);
  }

  /** How often each span id is in the lake once everything has landed; "null" counts log records. */
  async landed(): Promise<Map<string, number>> {
    await this.stop();
    return countSpanIds(join(this.folder, "lake"));
  }
}
