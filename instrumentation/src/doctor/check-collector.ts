import {
  SimpleSpanProcessor,
  TracerProvider,
  InMemorySpanExporter,
} from "@opentelemetry/sdk-trace";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { collectorClient } from "../export/create-span-delivery.ts";
import { encodeSpans } from "../export/encode-spans.ts";
import type { ExportSettings } from "../export/export-settings.ts";
import type { ExportAnswer, ExportOutcome } from "../export/export-outcome.ts";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import type { Finding } from "./finding.ts";
import { ok, problem, warning } from "./finding.ts";

/** Signatures are taken for five minutes; a clock that is off by a part of that is worth a word. */
const CLOCK_SKEW_MS = 60_000;
const MS_PER_SECOND = 1000;

/** Asks the collector as the application would: first with nothing to say, then with one span. */
export async function checkCollector(settings: ExportSettings): Promise<readonly Finding[]> {
  let answer: ExportAnswer | undefined;
  const client = collectorClient(settings, (each) => (answer = each));
  const where = new URL(settings.tracesUrl);
  const post = (bytes: Uint8Array<ArrayBuffer>): Promise<ExportOutcome> =>
    client.post(settings.tracesUrl, { bytes, isGzip: false });
  const outcome = await post(new Uint8Array());
  const clock = checkClock(answer, Date.now());
  if (outcome.kind !== "delivered") return [...clock, refusalOf(outcome, where, settings)];
  const reached = ok("collector", `${placeOf(where)} takes spans${howOf(settings)}`);
  return [reached, ...clock, arrivalOf(await post(testSpan()))];
}

/** The host and path: the rest of a URL can hold a password. */
const placeOf = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

function howOf({ signing, headers }: ExportSettings): string {
  const hasKey = "x-api-key" in headers || "authorization" in headers;
  if (signing !== undefined) return ", signed";
  return hasKey ? ", with this key" : ", without a key";
}

function checkClock(answer: ExportAnswer | undefined, nowMs: number): readonly Finding[] {
  const skewMs = Date.parse(answer?.headers["date"] ?? "") - nowMs;
  if (Number.isNaN(skewMs) || Math.abs(skewMs) < CLOCK_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(skewMs) / MS_PER_SECOND);
  return [
    warning(
      "clock",
      `this machine's clock is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} the collector's`,
      "set it, for example with NTP: calls are shown at the time that this machine says",
    ),
  ];
}

type Refusal = Exclude<ExportOutcome, { kind: "delivered" }>;

function refusalOf({ errorType }: Refusal, where: URL, settings: ExportSettings): Finding {
  const place = placeOf(where);
  const [what, advice] = REFUSALS[errorType] ?? [];
  if (errorType === "401" && settings.signing !== undefined) {
    return problem(
      "signature",
      `${place} does not accept the signature`,
      "compare LENSAI_SIGNING_KEY_ID and its secret with those of the project, and the clocks",
    );
  }
  if (what !== undefined && advice !== undefined) {
    return problem("collector", `${place} ${what}`, advice);
  }
  // What answers is not HTTP/1.1.
  if (errorType.startsWith("HPE_") || errorType === "ECONNRESET") {
    return problem(
      "collector",
      `${place} does not speak HTTP/1.1; it may be the port of gRPC`,
      "set the port of OTEL_EXPORTER_OTLP_ENDPOINT to that of OTLP over HTTP (4318)",
    );
  }
  return problem(
    "collector",
    `${place} cannot be used: ${errorType}`,
    "check OTEL_EXPORTER_OTLP_ENDPOINT, and what is between here and there",
  );
}

/** By status or code: what it means, and what to do. */
const REFUSALS: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  ECONNREFUSED: [
    "is not listening",
    "start the collector (npx pnpm@12 start), or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is",
  ],
  ENOTFOUND: ["has a host that nobody knows", "check the host in OTEL_EXPORTER_OTLP_ENDPOINT"],
  ETIMEDOUT: ["does not answer", "check the address, firewalls and proxies between here and there"],
  "400": ["does not understand OTLP in protobuf", "check that it is an OTLP receiver"],
  "401": [
    "does not accept the key",
    "set LENSAI_API_KEY to a key of the project, or LENSAI_SIGNING_KEY_ID and LENSAI_SIGNING_SECRET where it wants signatures",
  ],
  "403": ["does not let this key send spans", "use a key that may ingest"],
  "404": [
    "is not the path of an OTLP receiver",
    "set OTEL_EXPORTER_OTLP_ENDPOINT to the base URL of the collector, without /v1/traces",
  ],
  "405": [
    "does not take POST",
    "set OTEL_EXPORTER_OTLP_ENDPOINT to the collector, not to the console",
  ],
  "429": ["has had enough for now", "try again, or raise the project's limit"],
  "503": ["has no room for now", "try again, and look at the collector's own metrics"],
  not_otlp: [
    "answers with a page",
    "set OTEL_EXPORTER_OTLP_ENDPOINT to the collector, not to the console or a proxy that asks to sign in",
  ],
};

function arrivalOf(outcome: ExportOutcome): Finding {
  if (outcome.kind === "delivered" && outcome.rejectedCount === 0) {
    return ok("test-span", 'a test span ("lensai doctor") has arrived');
  }
  const why = outcome.kind === "delivered" ? "it was rejected" : outcome.errorType;
  return problem(
    "test-span",
    `a test span was not taken: ${why}`,
    "look at the page of sources in the console: it says why",
  );
}

/** Of no call: it costs nothing, and is shown with the service that it names. */
function testSpan(): Uint8Array<ArrayBuffer> {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "lensai-doctor" }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  provider
    .getTracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION)
    .startSpan("lensai doctor")
    .end();
  return encodeSpans(exporter.getFinishedSpans())?.bytes ?? new Uint8Array();
}
