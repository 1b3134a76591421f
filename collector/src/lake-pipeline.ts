import type { StoreSettings } from "@lensai/analytics/object-store/open-store";
import path from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { Pipeline } from "./collector.ts";
import type { CollectorConfig } from "./config.ts";
import { LandingNews } from "./control/landing-news.ts";
import { RequestDecoder } from "./decode/request-decoder.ts";
import { openLanding } from "./landing/landing.ts";
import type { Landing, LandingOptions } from "./landing/landing.ts";
import type { Log } from "./log.ts";
import { Accounting } from "./pipeline/accounting.ts";
import { IngestReports } from "./pipeline/ingest-reports.ts";
import { IngestPipeline } from "./pipeline/ingest-pipeline.ts";
import type { PipelineCounters } from "./pipeline/ingest-pipeline.ts";
import type { IngestRequest, IngestResult } from "./pipeline/ingest.ts";
import { replayRecord } from "./pipeline/replay-record.ts";
import { WatchedPriceBook } from "./prices/watched-price-book.ts";
import { inflateNow } from "./receiver/inflate.ts";
import { BODY_BYTES_CEILING } from "./receiver/limits.ts";

/** How long a stop waits for the lake; what has not landed then is in the log and lands at the next start. */
const LANDING_DRAIN_TIMEOUT_MS = 10_000;

/** How often producers' refused and repeated records are reported: seldom enough to cost nothing. */
const REPORT_INTERVAL_MS = 60_000;

export interface LakePipelineOptions extends Partial<LandingOptions> {
  readonly log?: Log;
}

const NO_LOG: Log = { info: () => {}, warn: () => {}, failure: () => {} };
const KEPT_PRICES = "prices-in-use";

/** The pipeline of a real collector: decode, mask, normalise, price, log, land. */
export class LakePipeline implements Pipeline {
  readonly name = "pipeline";
  private readonly config: CollectorConfig;
  private readonly landingOptions: Partial<LandingOptions>;
  private readonly log: Log;
  readonly prices: WatchedPriceBook;
  private readonly counters: PipelineCounters = {
    duplicateRequests: 0,
    duplicateSpans: 0,
    ignoredRecords: 0,
  };
  private readonly reports: IngestReports;
  private readonly news: LandingNews;
  private reportTimer: NodeJS.Timeout | undefined;
  private running: { landing: Landing; ingest: IngestPipeline } | undefined;

  /** Options of the landing replace parts of the storage: for tests of its faults. */
  constructor(config: CollectorConfig, options: LakePipelineOptions = {}) {
    const { log = NO_LOG, ...landingOptions } = options;
    this.config = config;
    this.reports = new IngestReports(Date.now());
    this.landingOptions = landingOptions;
    this.news = new LandingNews(config.control);
    this.log = log;
    this.prices = new WatchedPriceBook({
      path: config.pricesFile,
      keptFolder: path.join(config.dataDir, KEPT_PRICES),
      log,
    });
  }

  /** Opens the log and starts to land what an earlier process left in it. */
  async start(): Promise<void> {
    await this.prices.start();
    const decoder = createDecoder(this.prices);
    const landing = await openLanding({
      ...landingOptionsOf(this.config),
      decode: createReplay(this.prices),
      onLanded: () => this.news.hasLanded(),
      onQuiet: () => decoder.letGo(),
      ...this.landingOptions,
    });
    const ingest = new IngestPipeline({
      log: landing.writer,
      decoder,
      prices: this.prices,
      seen: landing.seen,
      identity: landing.spanIdentity,
      counters: this.counters,
      reports: this.reports,
    });
    this.running = { landing, ingest };
    this.reportTimer = setInterval(() => void this.report(ingest), REPORT_INTERVAL_MS);
    this.reportTimer.unref();
  }

  async ingest(request: IngestRequest): Promise<IngestResult> {
    if (this.running === undefined) {
      const reason = "the collector is not running; send again in a moment";
      throw new LensError("ingest.shutting_down", reason, { retryable: true });
    }
    try {
      return await this.running.ingest.ingest(request);
    } catch (error) {
      this.noteRefusal(request.projectId, error);
      throw error;
    }
  }

  /** What can be sent again is not lost. */
  private noteRefusal(projectId: string, error: unknown): void {
    if (!(error instanceof LensError) || error.retryable) return;
    this.reports.noteRequest(projectId, { outcome: "refused", reason: error.code });
  }

  /** What made no row since the last report goes into the lake like any other metric. */
  private async report(ingest: IngestPipeline): Promise<void> {
    const receivedAtMs = Date.now();
    for (const { projectId, body } of this.reports.take(receivedAtMs)) {
      const request = reportRequest(projectId, body, receivedAtMs);
      try {
        await ingest.ingest(request);
      } catch (error) {
        this.log.failure("the ingest report of a project was not stored", error);
      }
    }
  }

  hasRoom(): boolean {
    return this.running?.landing.writer.hasRoom ?? true;
  }

  refuseWhileBehind(): void {
    this.running?.landing.writer.refuseWhileBehind();
  }

  problems(): readonly string[] {
    if (this.running === undefined) return ["the pipeline is not running"];
    const { refusal, trouble } = this.running.landing.state();
    const reasons: string[] = [];
    if (refusal !== undefined) reasons.push(`cannot accept: ${refusal}`);
    if (trouble !== undefined) reasons.push(`cannot land: ${trouble.message}`);
    return reasons;
  }

  stats(): unknown {
    const { counters, running, prices } = this;
    return { ...counters, prices: prices.version, landing: running?.landing.state() ?? null };
  }

  async stop(): Promise<void> {
    const { running } = this;
    clearInterval(this.reportTimer);
    if (running !== undefined) await this.report(running.ingest);
    this.running = undefined;
    await this.prices.stop();
    await running?.landing.close(LANDING_DRAIN_TIMEOUT_MS);
    await this.news.settled();
  }
}

function reportRequest(projectId: string, body: Uint8Array, receivedAtMs: number): IngestRequest {
  return {
    signal: "metrics",
    body,
    wire: body,
    wireEncoding: "identity",
    wireIsBody: true,
    projectId,
    apiKeyId: undefined,
    content: "off",
    receivedAtMs,
    hints: [],
  };
}

function landingOptionsOf(config: CollectorConfig): Omit<LandingOptions, "decode"> {
  return {
    dataDir: config.dataDir,
    lakeUrl: config.lakeUrl,
    store: storeSettingsOf(config),
    region: config.region,
    landingIntervalMs: config.landingIntervalMs,
    limits: { segmentBytes: config.walSegmentBytes, unlandedBytesMax: config.walBytesMax },
  };
}

function storeSettingsOf({ s3 }: CollectorConfig): StoreSettings {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = s3;
  return {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    ...(secretAccessKey !== undefined && { secretAccessKey }),
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function createDecoder(prices: PriceBook): RequestDecoder {
  return new RequestDecoder(createRedactor(), new Accounting(prices), new RowBatch(1));
}

/**
 * Replay has a decoder of its own, made when it is needed: a clean start replays nothing. Another one for each
 * version of the prices: rows cost what they cost when they were acknowledged.
 */
function createReplay(prices: WatchedPriceBook): LandingOptions["decode"] {
  let decoder: RequestDecoder | undefined;
  let decoderVersion: string | undefined;
  return (record, batch) => {
    const { priceVersion = prices.version } = record;
    if (decoder === undefined || decoderVersion !== priceVersion) {
      decoder = createDecoder(prices.bookOf(priceVersion));
      decoderVersion = priceVersion;
    }
    const body = inflateNow(record.payload, record.encoding, BODY_BYTES_CEILING);
    replayRecord(decoder, record, { body, batch });
  };
}
