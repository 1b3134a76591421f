import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { MODELS, runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl } = settings;
const { PATH, HOME } = process.env;
mkdirSync(`${HOME}/.codex`, { recursive: true });
writeFileSync(
  `${HOME}/.codex/config.toml`,
  `model = "${MODELS.codex}"
model_provider = "fake"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.fake]
name = "fake"
base_url = "${providerUrl}/v1"
wire_api = "responses"

# As otel-config/env/codex.toml has it.
[otel]
environment = "development"
log_user_prompt = false
exporter = { otlp-http = { endpoint = "${otlpUrl}/v1/logs", protocol = "binary" } }
`,
);
const PROGRAM = "node_modules/@openai/codex/bin/codex.js";

// A process per prompt, as scripts run it.
await runScenario(async (step) => {
  const args = [PROGRAM, "exec", "--skip-git-repo-check", step.prompt];
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (c) => chunks.push(c));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(Buffer.concat(chunks).toString().slice(-300));
});
