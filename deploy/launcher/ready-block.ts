/** What a person needs to know once everything is up. */
export interface ReadyFacts {
  readonly consoleUrl: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly lakeUrl: string;
}

/** The one block that the launcher prints when all parts accept work. */
export function readyBlock(facts: ReadyFacts): string {
  const rows: readonly (readonly [string, string])[] = [
    ["Console", facts.consoleUrl],
    ["OTLP/HTTP", facts.otlpHttpUrl],
    ["OTLP/gRPC", facts.otlpGrpcUrl],
    ["API key", `${facts.apiKey}  (project "default")`],
    ["Data", facts.dataDir],
    ["Lake", facts.lakeUrl],
  ];
  return [
    "",
    "LensAI is ready",
    "",
    ...rows.map(([label, value]) => `  ${label.padEnd(10)} ${value}`),
    "",
    "  Send from any OpenTelemetry app on this machine:",
    `    export OTEL_EXPORTER_OTLP_ENDPOINT=${facts.otlpHttpUrl} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
    "  With the key (needed from another machine):",
    `    export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=${facts.apiKey}"`,
    "  Fill it with 30 days of believable traffic:",
    "    npx pnpm@12 seed",
    "",
    "  Ctrl-C stops everything; the data stays.",
    "",
  ].join("\n");
}
