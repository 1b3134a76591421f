import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";
import type { FakeProvider } from "../../clients/provider/fake-provider.ts";
import { startOtlpInbox } from "./otlp-inbox.ts";
import type { OtlpInbox } from "./otlp-inbox.ts";

const run = promisify(execFile);

const PACKAGE = fileURLToPath(new URL("../../../instrumentation/", import.meta.url));
const REGISTER = path.join(PACKAGE, "src/register.ts");
const appPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let provider: FakeProvider;
let inbox: OtlpInbox;
beforeEach(async () => {
  provider = await startFakeProvider();
  inbox = await startOtlpInbox();
});
afterEach(async () => {
  await provider.stop();
  await inbox.stop();
});

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    PROVIDER_URL: provider.url,
    OTEL_SERVICE_NAME: "observed",
    OTEL_EXPORTER_OTLP_ENDPOINT: inbox.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    ...more,
  };
}

async function runApp(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [...args], { env: environment(more) });
  return stdout + stderr;
}

const EXPECTED = {
  scope: "@lensai/instrumentation",
  name: "chat gpt-4o-mini",
  attributes: { "gen_ai.response.id": "chatcmpl-000001" },
};

describe("node --import register", () => {
  test("makes a span of the application's call, and sends it before the process ends", async () => {
    const output = await runApp(["--import", REGISTER, appPath("app.mjs")]);
    expect(output).toBe("stop\n");
    expect(inbox.spans).toMatchObject([{ ...EXPECTED, service: "observed" }]);
  });

  test("says nothing about how the process was started", async () => {
    await runApp(["--import", REGISTER, appPath("app.mjs"), "secret"]);
    expect(inbox.spans.length).toBe(1);
    expect(JSON.stringify(inbox.spans)).not.toContain("secret");
  });

  test("leaves the spans to an SDK that the application starts", async () => {
    await runApp(["--import", REGISTER, appPath("app.mjs"), "with-own-sdk"]);
    expect(inbox.spans).toMatchObject([{ ...EXPECTED, service: "own-sdk" }]);
  });

  test("does nothing where OpenTelemetry is switched off", async () => {
    const args = ["--import", REGISTER, appPath("app.mjs")];
    expect(await runApp(args, { OTEL_SDK_DISABLED: "true" })).toBe("stop\n");
    expect(inbox.spans).toEqual([]);
  });

  test("changes nothing when there is no collector", async () => {
    const args = ["--import", REGISTER, appPath("app.mjs")];
    const output = await runApp(args, {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      // How long the end of a process waits for a collector.
      OTEL_EXPORTER_OTLP_TIMEOUT: "300",
    });
    expect(output).toContain("stop\n");
  });

  test("lets a signal end the process, with the spans that were open", async () => {
    const args = ["--import", REGISTER, appPath("app.mjs"), "left-open"];
    const child = spawn(process.execPath, args, {
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    const [, signal] = (await once(child, "close")) as [number | null, string | null];
    expect(signal).toBe("SIGTERM");
    expect(inbox.spans).toMatchObject([
      { name: EXPECTED.name, attributes: { "lensai.observation.problem": "stream_broken_off" } },
    ]);
  });
});

describe("the published form", () => {
  let folder: string;
  beforeAll(async () => {
    // Where it finds the packages that stay outside of it.
    folder = mkdtempSync(path.join(PACKAGE, "node_modules", "built-"));
    const tsdown = path.join(PACKAGE, "node_modules/tsdown/dist/run.mjs");
    await run(process.execPath, [tsdown, "--out-dir", folder, "--no-dts"], { cwd: PACKAGE });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["an ES module", ["--import", "register.mjs"], "app.mjs"],
    ["a CommonJS module", ["--require", "register.cjs"], "app.cjs"],
  ])("observes %s", async (_, [flag = "", register = ""], app) => {
    expect(await runApp([flag, path.join(folder, register), appPath(app)])).toBe("stop\n");
    expect(inbox.spans).toMatchObject([EXPECTED]);
  });
});
