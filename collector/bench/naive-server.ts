import { createHash, createHmac } from "node:crypto";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type protobuf from "protobufjs";
import { otlpRoot } from "../src/receiver/proto/otlp.ts";

/**
 * The baseline: an OTLP receiver as one writes it in an afternoon. Same promise on the ack (masked and
 * fdatasync'ed), ordinary means: protobufjs with generated decoders, plain objects, eight regular
 * expressions one after the other, JSON lines in a file.
 */

const gunzipAsync = promisify(gunzip);
const RULES: ReadonlyArray<readonly [RegExp, string]> = [
  [/[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/g, "[EMAIL]"],
  [/\+?\d{1,3}[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{4}/g, "[PHONE]"],
  [/\b(?:\d[ -]?){13,19}\b/g, "[CARD]"],
  [/\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/g, "[IBAN]"],
  [/\b\d{3}-\d{2}-\d{4}\b/g, "[SSN]"],
  [/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, "[IP]"],
  [/\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36})\b/g, "[KEY]"],
  [/eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, "[JWT]"],
];

interface NaiveValue {
  stringValue?: string;
  arrayValue?: { values?: NaiveValue[] };
  kvlistValue?: { values?: Array<{ value?: NaiveValue }> };
}
interface NaiveSpan {
  name?: string;
  attributes?: Array<{ value?: NaiveValue }>;
  status?: { message?: string };
}
interface NaiveRequest {
  resourceSpans?: Array<{
    resource?: { attributes?: Array<{ value?: NaiveValue }> };
    scopeSpans?: Array<{ spans?: NaiveSpan[] }>;
  }>;
}

const redact = (text: string): string =>
  RULES.reduce((masked, [rule, label]) => masked.replace(rule, label), text);

/** Only the texts, changed in place: no more work than the task asks for. */
function redactValue(value: NaiveValue | undefined): void {
  if (value?.stringValue !== undefined) value.stringValue = redact(value.stringValue);
  for (const item of value?.arrayValue?.values ?? []) redactValue(item);
  for (const pair of value?.kvlistValue?.values ?? []) redactValue(pair.value);
}

function redactSpan(span: NaiveSpan): void {
  if (span.name !== undefined) span.name = redact(span.name);
  if (span.status?.message !== undefined) span.status.message = redact(span.status.message);
  for (const { value } of span.attributes ?? []) redactValue(value);
}

function redactRequest(request: NaiveRequest): void {
  for (const { resource, scopeSpans = [] } of request.resourceSpans ?? []) {
    for (const { value } of resource?.attributes ?? []) redactValue(value);
    for (const { spans = [] } of scopeSpans) for (const span of spans) redactSpan(span);
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Serves on a free port and tells it to the parent. */
async function main(): Promise<void> {
  const file = await open(process.argv[2] ?? "naive.ndjson", "a");
  const type = otlpRoot().lookupType("opentelemetry.proto.ExportTraceServiceRequest");
  const options: protobuf.IConversionOptions = { longs: String, bytes: String };
  const server = createServer((request, response) => {
    void (async () => {
      const wire = await readAll(request);
      createHmac("sha256", "secret").update(wire).digest();
      createHash("sha256").update(wire).digest();
      const isGzip = request.headers["content-encoding"] === "gzip";
      const body = isGzip ? await gunzipAsync(wire) : wire;
      const message: NaiveRequest = type.toObject(type.decode(body), options);
      redactRequest(message);
      await file.write(`${JSON.stringify(message)}\n`);
      await file.datasync();
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    })();
  });
  server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
}

// The parent may end without stopping its servers.
process.once("disconnect", () => process.exit());
await main();
