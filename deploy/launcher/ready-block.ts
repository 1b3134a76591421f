import { resolve } from "node:path";
import { commandLine } from "@lensai/otel-config/command-line";
import { settingSpec } from "@lensai/otel-config/settings";

/** What a person needs to know once everything is up. */
export interface ReadyFacts {
  readonly consoleUrl: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly lakeUrl: string;
}

/** The one block that the launcher prints when all parts accept work; its commands are for `workingDir`. */
export function readyBlock(facts: ReadyFacts, workingDir: string): string {
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
    "  With the key (needed when LENSAI_BIND_ADDRESS is not loopback):",
    `    export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=${facts.apiKey}"`,
    "  Fill it with 30 days of believable traffic:",
    `    ${seedCommand(facts, workingDir)}`,
    "",
    "  Ctrl-C stops everything; the data stays.",
    "",
  ].join("\n");
}

/** Another terminal has none of the settings of this one: those that the seed needs are part of the command. */
function seedCommand({ consoleUrl, otlpHttpUrl, dataDir }: ReadyFacts, workingDir: string): string {
  const usualFolder = settingSpec("LENSAI_DATA_DIR").default ?? "";
  return commandLine("npx pnpm@12 seed", [
    ["LENSAI_DATA_DIR", dataDir === resolve(workingDir, usualFolder) ? usualFolder : dataDir],
    ["LENSAI_CONSOLE_PORT", new URL(consoleUrl).port],
    ["LENSAI_OTLP_HTTP_PORT", new URL(otlpHttpUrl).port],
  ]);
}
