import { ExportResultCode, suppressTracing } from "@opentelemetry/core";
import type { ExportResult } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { neverThrow } from "../spans/never-throw.ts";
import { encodeSpans } from "./encode-spans.ts";
import { errorTypeOf } from "./export-outcome.ts";
import type { ExportOutcome } from "./export-outcome.ts";
import { createFetchTransport } from "./fetch-transport.ts";
import { OtlpClient } from "./otlp-client.ts";
import type { EncodedBody } from "./otlp-client.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { fixedKeys } from "./signing-keys.ts";
import { activeContext, runInContext } from "../telemetry/global-api.ts";

export interface FetchExporterOptions {
  /** Base URL of the collector, as `https://lensai.example.com`. */
  readonly endpoint: string;
  /** Sent with every export, as `{ "x-api-key": "<API key>" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The secret that exports are signed with, as base64 or base64url; without, they are not signed. */
  readonly signing?: { readonly keyId: string; readonly secret: string };
  /** For an export with all its tries; 10 seconds when absent. */
  readonly timeoutMs?: number;
  /** The global one when absent. */
  readonly fetch?: typeof fetch;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends spans with `fetch` and signs them with WebCrypto: for edge runtimes (Workers, Vercel Edge), which have
 * no sockets and stop when they have answered. Give it to a span processor of OpenTelemetry's SDK, and
 * `flushAfterAnswer` what is to go on behind an answer.
 */
export class FetchSpanExporter implements SpanExporter {
  readonly #client: OtlpClient;
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #running = new Set<Promise<void>>();

  constructor(options: FetchExporterOptions) {
    const { endpoint, headers = {}, signing, timeoutMs = TIMEOUT_MS } = options;
    const send = options.fetch ?? globalThis.fetch;
    this.#url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
    this.#timeoutMs = timeoutMs;
    this.#client = new OtlpClient({
      headers,
      keys: signing && fixedKeys(signing),
      // Some runtimes have a `fetch` that must not be a method of something else.
      transport: createFetchTransport((...args) => send(...args)),
      timeoutMs,
      now: Date.now,
      nonce: () => crypto.randomUUID(),
    });
  }

  /** Never throws; `done` is told once. */
  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const unseen = suppressTracing(activeContext());
    const running = runInContext(unseen, () => this.#exportAndTell(spans, done));
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves when everything that was given to it has been sent, or was given up. */
  async forceFlush(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  async #exportAndTell(
    spans: readonly ReadableSpan[],
    done: (result: ExportResult) => void,
  ): Promise<void> {
    const errorType = await this.#export(spans);
    const result =
      errorType === undefined
        ? { code: ExportResultCode.SUCCESS }
        : { code: ExportResultCode.FAILED, error: namedError(errorType) };
    neverThrow("telling of an export", () => done(result));
  }

  /** Why the spans are lost, undefined when they are not. */
  async #export(spans: readonly ReadableSpan[]): Promise<string | undefined> {
    try {
      const encoded = encodeSpans(spans);
      if (encoded === undefined) return "encoding_failed";
      const outcome = await this.#deliver(await gzipped(encoded.bytes));
      return outcome.kind === "delivered" ? undefined : outcome.errorType;
    } catch (error) {
      return errorTypeOf(error);
    }
  }

  /** Tries again for as long as the next try is within the time of the export. */
  async #deliver(body: EncodedBody): Promise<ExportOutcome> {
    const endMs = Date.now() + this.#timeoutMs;
    for (let failures = 1; ; failures += 1) {
      const outcome = await this.#client.post(this.#url, body);
      if (outcome.kind !== "retryable") return outcome;
      const delayMs = retryDelayMs(failures, outcome.retryAfterMs, Math.random());
      if (Date.now() + delayMs >= endMs) return outcome;
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
    }
  }
}

/**
 * Sends what there is behind the answer, for runtimes that stop when they have answered: `ctx.waitUntil` of
 * Workers, `waitUntil` of Vercel. Call it before returning the answer.
 */
export function flushAfterAnswer(
  waitUntil: (work: Promise<unknown>) => void,
  provider: { forceFlush(): Promise<void> },
): void {
  waitUntil(provider.forceFlush().catch(() => {}));
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<EncodedBody> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return { bytes: new Uint8Array(await new Response(stream).arrayBuffer()), isGzip: true };
}

function namedError(name: string): Error {
  return Object.assign(new Error(`spans were not delivered: ${name}`), { name });
}
