import { readdirSync } from "node:fs";
import { settingSpec } from "@lensai/otel-config/settings";
import { describe, expect, test } from "vitest";
import { onPorts, parseEnvFile, readReadyFile, readyFilePath } from "../../try-clients/env-file.ts";
import { OTEL_COLLECTOR_PROGRAMS } from "../../try-clients/otel-collector.ts";
import { SDK_PROGRAMS } from "../../try-clients/sdk-programs.ts";

const HTTP = `127.0.0.1:${settingSpec("LENSAI_OTLP_HTTP_PORT").default}`;
const GRPC = `127.0.0.1:${settingSpec("LENSAI_OTLP_GRPC_PORT").default}`;

const names = readdirSync(readyFilePath("."), { recursive: true })
  .map(String)
  .filter((name) => /\.[a-z]+$/.test(name));
const environmentFiles = names.filter((name) => name.endsWith(".env"));
const collectorFiles = names.filter((name) => name.endsWith(".yaml"));

/** The specification of OpenTelemetry, its language SDKs and Claude Code read these. */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_TRACES_EXPORTER",
  "OTEL_METRICS_EXPORTER",
  "OTEL_LOGS_EXPORTER",
  "OTEL_SEMCONV_STABILITY_OPT_IN",
  "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
  "OTEL_PHP_AUTOLOAD_ENABLED",
  "CLAUDE_CODE_ENABLE_TELEMETRY",
  "OTEL_LOGS_EXPORT_INTERVAL",
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_LOG_USER_PROMPTS",
]);

test("there is a file for every language, tool and way that the documentation names", () => {
  expect(names.toSorted()).toEqual([
    "claude-code.env",
    "codex.toml",
    "dotnet.env",
    "gemini-cli.settings.json",
    "go.env",
    "java.env",
    "node.env",
    "opentelemetry-collector/otlp-grpc.yaml",
    "opentelemetry-collector/otlp-http.yaml",
    "opentelemetry-collector/persistent-queue.yaml",
    "opentelemetry-collector/tail-sampling.yaml",
    "php.env",
    "python.env",
    "ruby.env",
  ]);
});

describe.each(environmentFiles)("%s", (name) => {
  const text = readReadyFile(name);
  const values = parseEnvFile(text);

  test("sends to a collector with its default settings, by names that are read", () => {
    expect(values.get("OTEL_EXPORTER_OTLP_ENDPOINT")).toBe(`http://${HTTP}`);
    expect(values.get("OTEL_EXPORTER_OTLP_PROTOCOL")).toBe("http/protobuf");
    expect([...values.keys()].filter((key) => !KNOWN_NAMES.has(key))).toEqual([]);
  });

  test("has the key as a comment: an example that were sent would be refused", () => {
    expect(values.has("OTEL_EXPORTER_OTLP_HEADERS")).toBe(false);
    expect(text).toContain("# OTEL_EXPORTER_OTLP_HEADERS=x-api-key=<key>");
  });

  test("gives away nothing that people wrote", () => {
    for (const [key, value] of values) {
      const isContent = /CAPTURE_MESSAGE_CONTENT|LOG_USER_PROMPTS/.test(key);
      expect([key, isContent && /^(?:true|1)$/i.test(value)]).toEqual([key, false]);
    }
  });
});

test("coding agents send to the same place, without what people type", () => {
  const gemini = JSON.parse(readReadyFile("gemini-cli.settings.json")) as {
    telemetry: Record<string, unknown>;
  };
  expect(gemini.telemetry).toMatchObject({ otlpEndpoint: `http://${HTTP}`, logPrompts: false });
  const codex = readReadyFile("codex.toml");
  expect(codex).toContain(`"http://${HTTP}/v1/logs"`);
  // Its spans are about the program itself.
  expect(codex).not.toContain("/v1/traces");
  expect(codex).toContain("log_user_prompt = false");
});

test.each(collectorFiles)("%s receives beside LensAI and forwards to it", (name) => {
  const text = readReadyFile(name);
  const endpoints = [...text.matchAll(/endpoint: (\S+)/g)].map(([, endpoint]) => endpoint);
  const lensai = name.includes("grpc") ? GRPC : `http://${HTTP}`;
  expect(endpoints).toEqual(["127.0.0.1:14318", "127.0.0.1:14317", lensai]);
  // A traces pipeline, a metrics and a logs pipeline: usage comes in all three.
  expect(text.match(/exporters: \[otlp_(?:http|grpc)\/lensai\]/g)).toHaveLength(3);
  expect(text).toContain("x-api-key: ${env:OTELCOL_LENSAI_KEY:-}");
});

test("sampling says what it costs, and keeps every call of a model", () => {
  const text = readReadyFile("opentelemetry-collector/tail-sampling.yaml");
  expect(text).toContain("WARNING");
  expect(text).toContain('attributes["gen_ai.operation.name"] != nil');
});

test("every program is tried with a file that is there", () => {
  const used = [...SDK_PROGRAMS, ...OTEL_COLLECTOR_PROGRAMS].map(({ file }) => file);
  expect(names).toEqual(expect.arrayContaining(used));
});

test("a file is read line by line, and put on other ports", () => {
  expect([...parseEnvFile("# a\n\nA=b=c\nB=\n")]).toEqual([
    ["A", "b=c"],
    ["B", ""],
  ]);
  for (const wrong of ["a=b", "A", "A=1\nA=2"])
    expect(() => parseEnvFile(wrong)).toThrow(TypeError);
  const ports = { httpPort: 1, grpcPort: 2 };
  expect(onPorts(`http://${HTTP} ${GRPC} 127.0.0.1:14318`, ports)).toBe(
    "http://127.0.0.1:1 127.0.0.1:2 127.0.0.1:14318",
  );
});
