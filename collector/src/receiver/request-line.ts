import { LensError } from "@lensai/otel-config/errors";
import type { Signal } from "../pipeline/ingest.ts";

/** The path of a request's URL, without the query. */
export const pathOf = (url: string): string => url.split("?", 1)[0] as string;

/**
 * A request target without the authority that proxies are sent, and that a server must take as well (RFC 9112
 * section 3.2.2): "http://collector:4318/v1/traces" is "/v1/traces".
 */
export function originForm(target: string): string {
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  if (path === undefined) return target;
  return path.startsWith("/") ? path : `/${path}`;
}

const SIGNAL_PATH = /^(\/.*)?\/v1\/(traces|logs|metrics)\/?$/;
const DOUBLED = /\/v1\/(?:traces|logs|metrics)$/;

/**
 * The signal that a request path asks for: `/v1/<signal>` below any base path, with or without a trailing
 * slash. Throws LensError `ingest.path_unknown` that names the right path.
 */
export function signalOfPath(url: string): Signal {
  const path = pathOf(url);
  const match = SIGNAL_PATH.exec(path);
  const prefix = match?.[1] ?? "";
  if (match === null) throw unknownPath(path);
  if (DOUBLED.test(prefix)) {
    throw new LensError(
      "ingest.path_unknown",
      `${quoted(path)} holds the signal path twice; set OTEL_EXPORTER_OTLP_ENDPOINT to the base URL without /v1/${match[2]}`,
    );
  }
  return match[2] as Signal;
}

function unknownPath(path: string): LensError {
  const nearest = ["logs", "metrics"].find((signal) => path.includes(signal.slice(0, -1)));
  return new LensError(
    "ingest.path_unknown",
    `nothing is served at ${quoted(path)}; send to /v1/${nearest ?? "traces"} (OTLP/HTTP: /v1/traces, /v1/logs, /v1/metrics)`,
  );
}

/** A path in a message: bounded, and without what could break a log line. */
const quoted = (path: string): string => `"${path.slice(0, 100).replace(/[^\x21-\x7e]/g, "?")}"`;

/** Throws LensError `ingest.method_not_allowed`. */
export function requirePost(method: string): void {
  if (method === "POST") return;
  throw new LensError(
    "ingest.method_not_allowed",
    `${method} is not allowed here; OTLP/HTTP exports are POST requests`,
  );
}

export interface MediaType {
  /** Without parameters, as the response repeats it. */
  readonly name: string;
  readonly isJson: boolean;
}

const JSON_TYPE = "application/json";
const PROTOBUF_TYPES: ReadonlySet<string> = new Set([
  "application/x-protobuf",
  "application/protobuf",
]);

/** Reads a Content-Type header; undefined when it is not one of OTLP's. */
export function otlpMediaType(header: string | undefined): MediaType | undefined {
  const name = ((header ?? "").split(";", 1)[0] as string).trim().toLowerCase();
  if (name === JSON_TYPE) return { name, isJson: true };
  return PROTOBUF_TYPES.has(name) ? { name, isJson: false } : undefined;
}

/** Throws LensError `ingest.content_type_unsupported`. */
export function requireMediaType(header: string | undefined): MediaType {
  const type = otlpMediaType(header);
  if (type !== undefined) return type;
  const given = header === undefined ? "no content-type" : `content-type ${quoted(header)}`;
  throw new LensError(
    "ingest.content_type_unsupported",
    `${given}: send application/x-protobuf or application/json`,
  );
}
