import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";

export interface ReceivedSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A receiver of OTLP over HTTP that keeps what it gets. */
export interface OtlpInbox {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  readonly spans: readonly ReceivedSpan[];
  stop(): Promise<void>;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly {
        readonly name: string;
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

export async function startOtlpInbox(): Promise<OtlpInbox> {
  const requests: ReceivedRequest[] = [];
  const spans: ReceivedSpan[] = [];
  const server = http.createServer((request, response) => {
    if (request.method !== "POST") {
      // It has no policy.
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path = "", headers } = request;
      const body = Buffer.concat(chunks);
      requests.push({ path, headers, body });
      if (path === "/v1/traces") spans.push(...spansOf(decoded(headers, body)));
      const type = headers["content-type"] ?? "";
      response.writeHead(200, { "content-type": type }).end(isJson(headers) ? "{}" : "");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const isJson = (headers: http.IncomingHttpHeaders): boolean =>
  headers["content-type"] === "application/json";

function decoded(headers: http.IncomingHttpHeaders, body: Buffer): ExportRequest {
  const plain = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
  if (isJson(headers)) return JSON.parse(plain.toString()) as ExportRequest;
  const type = otlpRoot().lookupType("opentelemetry.proto.ExportTraceServiceRequest");
  return type.toObject(type.decode(plain), { longs: String }) as ExportRequest;
}

function spansOf({ resourceSpans }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ name, attributes }) => ({
        service: String(valuesOf(resource.attributes)["service.name"]),
        scope: scope.name,
        name,
        attributes: { ...valuesOf(resource.attributes), ...valuesOf(attributes) },
      })),
    ),
  );
}

function valuesOf(attributes: readonly KeyValue[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const),
  );
}
