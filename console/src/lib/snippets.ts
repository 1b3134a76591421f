/** What to paste to get the first span in: pure text, so that it can be tested against a real collector. */

import { commandLine } from "@lensai/otel-config/command-line";

export interface Endpoints {
  /** Host as the reader's browser reaches this machine. */
  readonly host: string;
  readonly otlpHttpPort: string;
  readonly consolePort: string;
  /** Where the installation keeps its data; undefined where commands in the checkout find it by themselves, or who reads need not know. */
  readonly dataDir: string | undefined;
}

/** Any OpenTelemetry SDK, any language. */
export function sdkSnippet({ host, otlpHttpPort }: Endpoints): string {
  return [
    `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:${otlpHttpPort}`,
    "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "export OTEL_SERVICE_NAME=my-app",
  ].join("\n");
}

/** What is added when a key is needed: another project, or a collector on another machine. */
export const KEY_HEADER_SNIPPET = 'export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=<your key>"';

/** One finished model call, sent with curl. The shell fills in fresh ids and the present time. */
export function curlSnippet(endpoints: Endpoints, needsKey: boolean): string {
  const { host, otlpHttpPort } = endpoints;
  const key = needsKey ? ` \\\n  -H 'x-api-key: <your key>'` : "";
  return `curl http://${host}:${otlpHttpPort}/v1/traces -H 'content-type: application/json'${key} -d '
{"resourceSpans": [{"scopeSpans": [{"spans": [{
  "traceId": "'$(openssl rand -hex 16)'", "spanId": "'$(openssl rand -hex 8)'",
  "name": "chat gpt-4o", "kind": 3,
  "startTimeUnixNano": "'$(date +%s)'000000000", "endTimeUnixNano": "'$(date +%s)'800000000",
  "attributes": [
    {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
    {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
    {"key": "gen_ai.response.model", "value": {"stringValue": "gpt-4o"}},
    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1200"}},
    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "350"}},
    {"key": "user.id", "value": {"stringValue": "me"}}]}]}]}]}'`;
}

/** The seed looks for an installation at the usual ports and in the usual folder, unless it is told otherwise. */
export function seedSnippet({ otlpHttpPort, consolePort, dataDir }: Endpoints): string {
  return commandLine("npx pnpm@12 seed", [
    ...(dataDir === undefined ? [] : [["LENSAI_DATA_DIR", dataDir] as const]),
    ["LENSAI_CONSOLE_PORT", consolePort],
    ["LENSAI_OTLP_HTTP_PORT", otlpHttpPort],
  ]);
}
