import { gzipSync } from "node:zlib";
import { otlpRoot } from "../src/receiver/proto/otlp.ts";
import { DIALECT_DRESSES } from "./dialect-attributes.ts";
import type { Attribute, DialectDress } from "./dialect-attributes.ts";
import { Random } from "./random.ts";

/**
 * Trace requests as GenAI instrumentation sends them: 25 small attributes a span and 8 resource
 * attributes; with content, half of the spans carry 1-4 KB of messages in and out, with a value to
 * redact about every 4 KB.
 */

export interface CorpusOptions {
  readonly spans: number;
  readonly hasContent: boolean;
  /** The requests take turns in the words of several instrumentations. */
  readonly isMixed?: boolean;
  readonly seed: number;
  /** The latest end of a span. */
  readonly nowMs: number;
}

export interface CorpusBatch {
  readonly body: Buffer;
  readonly gzip: Buffer;
}

const MODELS = [
  ["openai", "gpt-4o", "gpt-4o-2024-08-06"],
  ["openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
  ["anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
  ["gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro"],
] as const;
const WORDS =
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years where much your way".split(
    " ",
  );
const PLANTED: ReadonlyArray<(random: Random) => string> = [
  (random) => `${random.pick(WORDS)}.${random.pick(WORDS)}${random.integer(1, 99)}@example.com`,
  () => "+1 415 555 0134",
  () => "4111 1111 1111 1111",
  () => "078-05-1120",
  (random) => `sk-proj-${random.hex(20)}`,
  (random) => `10.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`,
  () => "GB82 WEST 1234 5698 7654 32",
];
const PLANTED_EVERY_BYTES = 4096;

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });
const integer = (key: string, value: number): Attribute => ({ key, value: { intValue: value } });
const double = (key: string, value: number): Attribute => ({ key, value: { doubleValue: value } });

/** One request, the same for the same options. */
export function corpusBatch(options: CorpusOptions): CorpusBatch {
  const random = new Random(options.seed);
  const type = otlpRoot().lookupType("opentelemetry.proto.ExportTraceServiceRequest");
  const turn = options.isMixed === true ? options.seed % DIALECT_DRESSES.length : 0;
  const dressed = DIALECT_DRESSES[turn] as DialectDress;
  const spans = Array.from({ length: options.spans }, (_, index) =>
    span(random, options, { index, dressed }),
  );
  const message = {
    resourceSpans: [
      {
        resource: { attributes: resourceAttributes() },
        scopeSpans: [{ scope: { name: dressed.scope, version: "0.22.0" }, spans }],
      },
    ],
  };
  const body = Buffer.from(type.encode(type.create(message)).finish());
  return { body, gzip: gzipSync(body, { level: 6 }) };
}

function resourceAttributes(): Attribute[] {
  return [
    text("service.name", "checkout-assistant"),
    text("service.version", "4.2.1"),
    text("service.instance.id", "7f3c0f0a-9f7e-4c39-8a45-0b1f2f1f6f11"),
    text("deployment.environment.name", "production"),
    text("telemetry.sdk.name", "opentelemetry"),
    text("telemetry.sdk.language", "nodejs"),
    text("telemetry.sdk.version", "3.1.0"),
    text("host.name", "assistant-6c9d7f5b8-x2x4q"),
  ];
}

function span(
  random: Random,
  options: CorpusOptions,
  { index, dressed }: { index: number; dressed: DialectDress },
): Record<string, unknown> {
  const durationMs = random.integer(200, 9000);
  const startMs = options.nowMs - random.integer(0, 5000) - durationMs;
  const attributes = dressed.dress(callAttributes(random, durationMs), random);
  if (options.hasContent && index % 2 === 0) attributes.push(...contentAttributes(random));
  return {
    traceId: random.bytes(16),
    spanId: random.bytes(8),
    parentSpanId: random.bytes(8),
    name: "chat gpt-4o",
    kind: 3,
    startTimeUnixNano: nanos(startMs, random),
    endTimeUnixNano: nanos(startMs + durationMs, random),
    attributes,
    status: random.next() < 0.02 ? { code: 2, message: "rate limited" } : {},
    flags: 257,
  };
}

function nanos(ms: number, random: Random): string {
  return (BigInt(ms) * 1_000_000n + BigInt(random.integer(0, 999_999))).toString();
}

function callAttributes(random: Random, durationMs: number): Attribute[] {
  const [provider, requestModel, responseModel] = random.pick(MODELS);
  const input = random.integer(200, 20_000);
  const output = random.integer(20, 1500);
  return [
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.provider.name", provider),
    text("gen_ai.request.model", requestModel),
    text("gen_ai.response.model", responseModel),
    text("gen_ai.response.id", `chatcmpl-${random.hex(12)}`),
    {
      key: "gen_ai.response.finish_reasons",
      value: { arrayValue: { values: [{ stringValue: "stop" }] } },
    },
    integer("gen_ai.usage.input_tokens", input),
    integer("gen_ai.usage.output_tokens", output),
    integer("gen_ai.usage.cache_read.input_tokens", Math.floor(input * random.next() * 0.8)),
    integer("gen_ai.request.max_tokens", 4096),
    double("gen_ai.request.temperature", 0.7),
    double("gen_ai.request.top_p", 0.95),
    { key: "gen_ai.request.stream", value: { boolValue: true } },
    double("gen_ai.response.time_to_first_chunk", durationMs / 4000),
    text("gen_ai.conversation.id", `conv-${random.integer(1, 4000)}`),
    text("user.id", `user-${random.integer(1, 500)}`),
    text("server.address", "api.openai.com"),
    integer("server.port", 443),
    text("http.request.method", "POST"),
    integer("http.response.status_code", 200),
    text("network.protocol.version", "1.1"),
    text("app.feature", random.pick(["search", "summary", "support", "draft"])),
    text("app.tenant", `tenant-${random.integer(1, 40)}`),
    text("app.request.id", random.hex(8)),
    integer("thread.id", random.integer(1, 64)),
  ];
}

function contentAttributes(random: Random): Attribute[] {
  const message = (role: string): string =>
    JSON.stringify([
      { role, parts: [{ type: "text", content: prose(random, random.integer(1024, 4096)) }] },
    ]);
  return [
    text("gen_ai.input.messages", message("user")),
    text("gen_ai.output.messages", message("assistant")),
  ];
}

/** English words with planted values, as long as asked. */
export function prose(random: Random, length: number): string {
  const parts: string[] = [];
  let size = 0;
  while (size < length) {
    const isPlanted = random.next() < 6 / PLANTED_EVERY_BYTES;
    const part = isPlanted ? random.pick(PLANTED)(random) : random.pick(WORDS);
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join(" ");
}
