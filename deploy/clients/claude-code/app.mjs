import { spawn } from "node:child_process";
import { once } from "node:events";
import { MODELS, runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl } = settings;
const { PATH, HOME } = process.env;
const env = {
  PATH,
  HOME,
  ANTHROPIC_API_KEY: "none",
  ANTHROPIC_BASE_URL: providerUrl,
  // Nothing but the model is asked, and nothing but the collector is told.
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  // As otel-config/env/claude-code.env has it.
  CLAUDE_CODE_ENABLE_TELEMETRY: "1",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "otlp",
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  OTEL_LOGS_EXPORT_INTERVAL: "2000",
  OTEL_METRIC_EXPORT_INTERVAL: "10000",
  OTEL_LOG_USER_PROMPTS: "0",
  // A recording says nothing about the machine that it was made on.
  OTEL_RESOURCE_ATTRIBUTES: "os.version=0",
};
const PROGRAM = "node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs";

// A process per prompt, as scripts run it.
await runScenario(async (step) => {
  const args = ["--model", MODELS.claude, "--print", step.prompt];
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (c) => chunks.push(c));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(Buffer.concat(chunks).toString().slice(-300));
});
