import { LensError } from "@lensai/otel-config/errors";

export interface RateLimits {
  /** Records per second and project; 0 is unlimited. */
  readonly recordsPerSecond: number;
  /** Requests per second and project; 0 is unlimited. */
  readonly requestsPerSecond: number;
}

/** A full bucket lasts this long, so that the bursts of batching exporters pass. */
const BURST_SECONDS = 5;

interface Buckets {
  requests: number;
  records: number;
  refilledAtMs: number;
}

/**
 * Token buckets per project. Requests are paid before they are read. Records can only be counted once they
 * are decoded, so a request is admitted while the record bucket is above zero and may overdraw it; the next
 * ones wait until the debt is paid. Long-run rates hold exactly; one batch may exceed a burst.
 */
export class RateLimiter {
  private readonly limits: RateLimits;
  private readonly byProject = new Map<string, Buckets>();

  constructor(limits: RateLimits) {
    this.limits = limits;
  }

  /** Throws LensError `ingest.rate_limited` with the seconds until the next request has a chance. */
  admit(projectId: string, nowMs: number): void {
    const { recordsPerSecond, requestsPerSecond } = this.limits;
    if (recordsPerSecond === 0 && requestsPerSecond === 0) return;
    const buckets = this.refilled(projectId, nowMs);
    if (requestsPerSecond > 0 && buckets.requests < 1) {
      throw rateLimited(
        `${requestsPerSecond} requests`,
        (1 - buckets.requests) / requestsPerSecond,
      );
    }
    if (recordsPerSecond > 0 && buckets.records <= 0) {
      throw rateLimited(`${recordsPerSecond} records`, (1 - buckets.records) / recordsPerSecond);
    }
    buckets.requests -= 1;
  }

  /** Charges decoded records to the project. */
  charge(projectId: string, records: number): void {
    const buckets = this.byProject.get(projectId);
    if (buckets !== undefined) buckets.records -= records;
  }

  private refilled(projectId: string, nowMs: number): Buckets {
    const { recordsPerSecond, requestsPerSecond } = this.limits;
    const requestsMax = Math.max(1, requestsPerSecond * BURST_SECONDS);
    const recordsMax = recordsPerSecond * BURST_SECONDS;
    let buckets = this.byProject.get(projectId);
    if (buckets === undefined) {
      buckets = { requests: requestsMax, records: recordsMax, refilledAtMs: nowMs };
      this.byProject.set(projectId, buckets);
      return buckets;
    }
    const seconds = Math.max(0, nowMs - buckets.refilledAtMs) / 1000;
    buckets.requests = Math.min(requestsMax, buckets.requests + seconds * requestsPerSecond);
    buckets.records = Math.min(recordsMax, buckets.records + seconds * recordsPerSecond);
    buckets.refilledAtMs = nowMs;
    return buckets;
  }
}

const rateLimited = (limit: string, seconds: number): LensError =>
  new LensError(
    "ingest.rate_limited",
    `the project sends more than ${limit} per second; send again later or raise its limit`,
    { retryable: true, retryAfterSeconds: seconds },
  );
