import type { Signal } from "./pipeline/ingest.ts";

/** Counters since start. Plain numbers: one writer, read as JSON at /internal/stats. */
export interface CollectorStats {
  readonly requests: number;
  readonly wireBytes: number;
  readonly bodyBytes: number;
  readonly accepted: Readonly<Record<Signal, number>>;
  readonly rejected: Readonly<Record<Signal, number>>;
  /** Refused requests by error code. */
  readonly refusedByCode: Readonly<Record<string, number>>;
}

export interface IngestOutcome {
  readonly signal: Signal;
  readonly wireBytes: number;
  readonly bodyBytes: number;
  readonly accepted: number;
  readonly rejected: number;
}

export class Telemetry {
  private requests = 0;
  private wireBytes = 0;
  private bodyBytes = 0;
  private readonly accepted: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0 };
  private readonly rejected: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0 };
  private readonly refusedByCode: Record<string, number> = {};

  countIngest(outcome: IngestOutcome): void {
    this.requests += 1;
    this.wireBytes += outcome.wireBytes;
    this.bodyBytes += outcome.bodyBytes;
    this.accepted[outcome.signal] += outcome.accepted;
    this.rejected[outcome.signal] += outcome.rejected;
  }

  countRefusal(code: string): void {
    this.requests += 1;
    this.refusedByCode[code] = (this.refusedByCode[code] ?? 0) + 1;
  }

  stats(): CollectorStats {
    const { requests, wireBytes, bodyBytes } = this;
    return {
      requests,
      wireBytes,
      bodyBytes,
      accepted: { ...this.accepted },
      rejected: { ...this.rejected },
      refusedByCode: { ...this.refusedByCode },
    };
  }
}
