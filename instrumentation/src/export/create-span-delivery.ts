import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { diag } from "@opentelemetry/api";
import { LensError } from "@lensai/otel-config/errors";
import type { ExportAnswer } from "./export-outcome.ts";
import { metricsUrlOf } from "./export-settings.ts";
import type { ExportSettings, TlsPaths } from "./export-settings.ts";
import { keysOfSource } from "./keys-of-source.ts";
import { createNodeTransport } from "./node-transport.ts";
import type { TlsFiles } from "./node-transport.ts";
import { OtlpClient } from "./otlp-client.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { SpanDelivery } from "./span-delivery.ts";
import { SpillFolder } from "./spill-folder.ts";

const gzipAside = promisify(gzip);

/**
 * The processor that sends spans to a collector, over node:http. Never throws: what cannot be used is reported.
 * `beforeFlush` ends the spans that are about to end.
 */
export function createSpanDelivery(
  settings: ExportSettings,
  beforeFlush?: () => void,
): SpanDelivery {
  const client = collectorClient(settings);
  const metricsUrl = metricsUrlOf(settings.tracesUrl);
  return new SpanDelivery({
    send: (body, timeoutMs) => client.post(settings.tracesUrl, body, timeoutMs),
    spill: settings.spill && new SpillFolder({ ...settings.spill, now: Date.now }),
    sendReport: metricsUrl === undefined ? undefined : (body) => client.post(metricsUrl, body),
    beforeFlush,
    gzip: settings.isGzip ? gzipAside : undefined,
    batchSpansMax: settings.batchSpansMax,
    delayMs: settings.delayMs,
    spansMax: settings.queueSpansMax,
    bytesMax: settings.queueBytesMax,
    now: Date.now,
    random: Math.random,
  });
}

/** `onAnswer` sees every answer as it came, also those after which another key is tried. */
export function collectorClient(
  settings: ExportSettings,
  onAnswer: (answer: ExportAnswer) => void = () => {},
): OtlpClient {
  const transport = createNodeTransport(readTlsFiles(settings.tlsFiles));
  return new OtlpClient({
    headers: settings.headers,
    keys: keysOf(settings),
    transport: async (request) => {
      const answer = await transport(request);
      onAnswer(answer);
      return answer;
    },
    timeoutMs: settings.timeoutMs,
    now: Date.now,
    nonce: () => globalThis.crypto.randomUUID(),
  });
}

function keysOf({ signing }: ExportSettings): SigningKeys | undefined {
  if (signing === undefined) return undefined;
  const keys = keysOfSource(signing);
  keys.read().catch((error: unknown) => {
    const why =
      error instanceof LensError ? error.message : "the file of signing keys cannot be read";
    diag.error(`@lensai/instrumentation: spans wait, because they cannot be signed: ${why}`);
  });
  return keys;
}

function readTlsFiles({ ca, cert, key }: TlsPaths): TlsFiles {
  return {
    ca: readPem("collector's certificate", ca),
    cert: readPem("client's certificate", cert),
    key: readPem("client's key", key),
  };
}

function readPem(what: string, path: string | undefined): Buffer | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path);
  } catch {
    diag.error(`@lensai/instrumentation: the file of the ${what} cannot be read`);
    return undefined;
  }
}
