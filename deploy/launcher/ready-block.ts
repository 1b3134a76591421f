import { resolve } from "node:path";
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
    "  With the key (needed from another machine):",
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
  const usual = (name: string): string => settingSpec(name).default ?? "";
  const settings = [
    {
      name: "LENSAI_DATA_DIR",
      value: dataDir,
      default: resolve(workingDir, usual("LENSAI_DATA_DIR")),
    },
    ...[
      { name: "LENSAI_CONSOLE_PORT", value: new URL(consoleUrl).port },
      { name: "LENSAI_OTLP_HTTP_PORT", value: new URL(otlpHttpUrl).port },
    ].map((port) => ({ ...port, default: usual(port.name) })),
  ];
  const unusual = settings.filter((setting) => setting.value !== setting.default);
  return [
    ...unusual.map(({ name, value }) => `${name}=${shellWord(value)}`),
    "npx pnpm@12 seed",
  ].join(" ");
}

/** Quoted where a shell would take it apart. */
const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
