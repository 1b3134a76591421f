import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { MODELS, runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl } = settings;
const env = {
  ...process.env,
  GEMINI_API_KEY: "none",
  GEMINI_CLI_TRUST_WORKSPACE: "true",
  GOOGLE_GEMINI_BASE_URL: providerUrl,
  GEMINI_TELEMETRY_ENABLED: "true",
  GEMINI_TELEMETRY_TARGET: "local",
  GEMINI_TELEMETRY_USE_COLLECTOR: "true",
  GEMINI_TELEMETRY_OTLP_PROTOCOL: "http",
  GEMINI_TELEMETRY_OTLP_ENDPOINT: otlpUrl,
};
mkdirSync(`${process.env.HOME}/.gemini`, { recursive: true });
writeFileSync(
  `${process.env.HOME}/.gemini/settings.json`,
  JSON.stringify({ security: { auth: { selectedType: "gemini-api-key" } } }),
);
const PRELOAD = ["--require", "./unnamed-machine.cjs"];
const PROGRAM = "node_modules/@google/gemini-cli/bundle/gemini.js";

// A process per prompt, as its users run it.
await runScenario(async (step) => {
  const args = [...PRELOAD, PROGRAM, "--model", MODELS.gemini, "--prompt", step.prompt];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const chunks = [];
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(Buffer.concat(chunks).toString().slice(-300));
});
