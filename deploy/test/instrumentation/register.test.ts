import { execFile, spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";
import { readSignature } from "@lensai/otel-config/signing/read-signature";
import type { FakeProvider } from "../../clients/provider/fake-provider.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { edgeRuntime } from "./edge-runtime.ts";
import { startOtlpInbox } from "./otlp-inbox.ts";
import type { OtlpInbox, ReceivedRequest } from "./otlp-inbox.ts";

const run = promisify(execFile);

const PACKAGE = fileURLToPath(new URL("../../../instrumentation/", import.meta.url));
const REGISTER = path.join(PACKAGE, "src/register.ts");
const CONFIGURE = path.join(PACKAGE, "src/configure.ts");
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
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    PROVIDER_URL: provider.url,
    OTEL_SERVICE_NAME: "observed",
    OTEL_EXPORTER_OTLP_ENDPOINT: inbox.url,
    ...more,
  };
}

async function runApp(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [...args], { env: environment(more) });
  return stdout + stderr;
}

function isSignedWith(
  secret: Buffer,
  { path: signedPath, headers, body }: ReceivedRequest,
): boolean {
  const field = (name: string): string | undefined => headers[name] as string | undefined;
  const claimed = readSignature({
    method: "POST",
    path: signedPath,
    contentType: field("content-type"),
    contentDigest: field("content-digest"),
    signatureInput: field("signature-input"),
    signature: field("signature"),
  });
  return (
    createHmac("sha256", secret).update(claimed.base).digest().equals(claimed.mac) &&
    createHash("sha256").update(body).digest().equals(claimed.bodySha256)
  );
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

  /** Its copy of OpenTelemetry's API is older than ours, which does not look at what that has registered. */
  test.each([
    { order: "is loaded first", options: ["--import", REGISTER], args: [] },
    { order: "is set up in code behind the SDK", options: [], args: [CONFIGURE] },
  ])("$order and leaves the spans to an SDK 2 of the application", async ({ options, args }) => {
    const app = appPath("app-of-sdk-2/app.mjs");
    const spans = JSON.parse(await runApp([...options, app, ...args])) as {
      name: string;
      spanId: string;
    }[];
    const parent = spans.find(({ name }) => name === "parent");
    expect(spans).toMatchObject([
      {
        name: EXPECTED.name,
        parentSpanId: parent?.spanId,
        attributes: {
          ...EXPECTED.attributes,
          "user.id": "ann",
          "gen_ai.usage.input_tokens": expect.any(Number) as number,
        },
      },
      { name: "parent" },
    ]);
    expect(inbox.spans).toEqual([]);
  });

  test("starts with the first piece of work, where that comes before a call", async () => {
    await runApp(["--import", REGISTER, appPath("app.mjs"), "with-own-work"]);
    expect(inbox.spans.map(({ name }) => name).sort()).toEqual([
      "chat gpt-4o-mini",
      "invoke_workflow answer",
    ]);
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
    });
    expect(output).toBe("stop\n");
  });

  test("keeps what no collector takes for the next start, where a folder is named for it", async () => {
    const args = ["--import", REGISTER, appPath("app.mjs")];
    const spill = temporaryFolder();
    try {
      const settings = { LENSAI_SPILL_DIR: spill.path };
      await runApp(args, { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
      expect(inbox.spans).toEqual([]);
      await runApp(args, settings);
      expect(inbox.spans.length).toBe(2);
    } finally {
      spill.remove();
    }
  });

  test("leaves the export to OpenTelemetry's SDK where the user chose its protocol", async () => {
    const args = ["--import", REGISTER, appPath("app.mjs")];
    await runApp(args, { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });
    expect(inbox.spans).toMatchObject([EXPECTED]);
    expect(inbox.requests[0]?.headers["user-agent"]).toContain("OTel-OTLP-Exporter");
  });

  test("signs what it sends with the secret of the environment", async () => {
    const secret = Buffer.alloc(32, 9);
    await runApp(["--import", REGISTER, appPath("app.mjs")], {
      LENSAI_SIGNING_KEY_ID: "sec_1",
      LENSAI_SIGNING_SECRET: secret.toString("base64url"),
    });
    expect(inbox.spans).toMatchObject([EXPECTED]);
    expect(inbox.requests.length).toBeGreaterThan(0);
    for (const request of inbox.requests) expect(isSignedWith(secret, request)).toBe(true);
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

  test("wraps fetch without Node, for edge runtimes", async () => {
    const exporter = new InMemorySpanExporter();
    const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const edge = edgeRuntime(folder);
    const { wrapFetch } = edge.load("fetch/wrap-fetch.cjs") as {
      wrapFetch: (fetched: typeof fetch, options: object) => typeof fetch;
    };
    const observed = wrapFetch(fetch, { tracer: tracers.getTracer("edge") });
    const response = await observed(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [], stream: true }),
    });
    expect(await response.text()).toContain("[DONE]");
    expect(exporter.getFinishedSpans()).toMatchObject([
      { name: "chat gpt-4o-mini", attributes: { "gen_ai.response.id": "chatcmpl-000001" } },
    ]);
    expect([...edge.imported]).toEqual(["@opentelemetry/api"]);
  });
});
