import { expect, test } from "vitest";
import { READY_FILES, readyText } from "#lib/ready-files.ts";

const here = { host: "127.0.0.1", otlpHttpPort: "4318", consolePort: "3000", dataDir: undefined };
const there = { ...here, host: "lens.example.com", otlpHttpPort: "443" };

test.each(READY_FILES)("$name names the collector that people see the page of", ({ name }) => {
  const text = readyText(name, there, false);
  expect(text).toContain("http://lens.example.com:443");
  expect(text).not.toContain("127.0.0.1");
});

test.each(READY_FILES.filter(({ hasKey }) => hasKey))(
  "$name has a place for the key where one is needed, and only there",
  ({ name }) => {
    const settings = (needsKey: boolean): string =>
      readyText(name, here, needsKey)
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .join("\n");
    expect(settings(true)).toContain("<your key>");
    expect(settings(false)).not.toContain("key>");
  },
);

test("variables are exported, and quoted where a shell would read more into them", () => {
  const lines = readyText("claude-code.env", here, true).split("\n");
  expect(lines).toContain("export CLAUDE_CODE_ENABLE_TELEMETRY=1");
  expect(lines).toContain('export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=<your key>"');
});

test("the settings of Codex stay one line that TOML reads", () => {
  expect(readyText("codex.toml", here, true)).toContain(
    'exporter = { otlp-http = { headers = { "x-api-key" = "<your key>" }, endpoint = "http://127.0.0.1:4318/v1/logs", protocol = "binary" } }',
  );
});
