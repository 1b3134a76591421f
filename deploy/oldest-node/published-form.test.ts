import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startFakeProvider } from "../clients/provider/fake-provider.ts";
import type { FakeProvider } from "../clients/provider/fake-provider.ts";
import { startOtlpInbox } from "../test/instrumentation/otlp-inbox.ts";
import type { OtlpInbox } from "../test/instrumentation/otlp-inbox.ts";
import { oldestNode } from "./oldest-node.ts";

const run = promisify(execFile);
const fileAt = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const PACKAGE = fileAt("../../instrumentation/");
const NODE = oldestNode();
const SPAN = {
  scope: "@lensai/instrumentation",
  service: "observed",
  name: "chat gpt-4o-mini",
};

let folder: string;
let provider: FakeProvider;
let inbox: OtlpInbox;
beforeAll(async () => {
  // Where it finds the packages that stay outside of it. The build itself needs a newer Node.
  folder = mkdtempSync(path.join(PACKAGE, "node_modules", "built-"));
  const tsdown = path.join(PACKAGE, "node_modules/tsdown/dist/run.mjs");
  await run(process.execPath, [tsdown, "--out-dir", folder, "--no-dts"], { cwd: PACKAGE });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  provider = await startFakeProvider();
  inbox = await startOtlpInbox();
});
afterEach(async () => {
  await provider.stop();
  await inbox.stop();
});

async function runApp(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await run(NODE, [...args], {
    env: {
      PROVIDER_URL: provider.url,
      OTEL_SERVICE_NAME: "observed",
      OTEL_EXPORTER_OTLP_ENDPOINT: inbox.url,
      LENSAI_SIGNING_KEY_ID: "sec_1",
      LENSAI_SIGNING_SECRET: Buffer.alloc(32, 9).toString("base64url"),
      ...more,
    },
  });
  return stdout + stderr;
}

/** Of an application that makes one call, by fetch and streamed, and tells its status and its end. */
const STREAMING = `
  const response = await fetch(process.env.PROVIDER_URL + "/v1/chat/completions", {
    method: "POST",
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }], stream: true }),
  });
  console.log(response.status, (await response.text()).includes("[DONE]"));
`;

const SWITCHED_OFF = {
  formatVersion: 1,
  version: 1,
  issuedAt: "2026-11-24T00:00:00Z",
  budgets: [],
  killSwitches: [
    { id: "kill_1", scope: {}, reason: "a loop", triggeredAt: "2026-11-24T00:00:00Z" },
  ],
};

describe("the published form on the oldest Node", () => {
  test.each([
    ["an ES module", ["--import", "register.mjs"], "app.mjs"],
    ["a CommonJS module", ["--require", "register.cjs"], "app.cjs"],
  ])("observes %s, and signs what it sends", async (_, [flag = "", register = ""], app) => {
    const program = fileAt(`../test/instrumentation/${app}`);
    expect(await runApp([flag, path.join(folder, register), program])).toBe("stop\n");
    expect(inbox.spans).toMatchObject([
      { ...SPAN, attributes: { "gen_ai.response.id": "chatcmpl-000001" } },
    ]);
    expect(inbox.requests.every(({ headers }) => headers["signature"] !== undefined)).toBe(true);
  });

  test("asks for the usage of a stream, and counts it", async () => {
    const register = ["--import", path.join(folder, "register.mjs")];
    const output = await runApp([...register, "--input-type=module", "--eval", STREAMING]);
    expect(output).toBe("200 true\n");
    const [call] = provider.calls();
    expect(inbox.spans).toMatchObject([
      {
        ...SPAN,
        attributes: {
          "gen_ai.usage.input_tokens": String(call?.usage?.input_total),
          "gen_ai.usage.output_tokens": String(call?.usage?.output_total),
        },
      },
    ]);
  });

  test("makes no call while a kill-switch is on", async () => {
    const policy = path.join(folder, "policy.json");
    writeFileSync(policy, JSON.stringify(SWITCHED_OFF));
    const register = ["--import", path.join(folder, "register.mjs")];
    const args = [...register, "--input-type=module", "--eval", STREAMING];
    expect(await runApp(args, { LENSAI_POLICY_FILE: policy })).toBe("403 false\n");
    expect(provider.calls()).toEqual([]);
    expect(inbox.spans).toMatchObject([
      { ...SPAN, attributes: { "lensai.budget.decision": "killed" } },
    ]);
  });
});
