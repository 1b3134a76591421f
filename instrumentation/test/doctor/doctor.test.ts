import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { doctorCommand } from "../../src/doctor/doctor-command.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { budgetTerms, policyWith } from "../support/policies.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { OtlpReceiver } from "../support/otlp-receiver.ts";

let folder: string;
let receiver: OtlpReceiver;
/** Where the policy is, and what is answered there. */
let control: http.Server;
let policyAnswer: { status: number; age: string; policy: object };
beforeEach(async () => {
  policyAnswer = { status: 200, age: "3", policy: policyWith({}) };
  control = http.createServer((_, response) => {
    const { status: code, age, policy } = policyAnswer;
    response.writeHead(code, { age }).end(JSON.stringify(policy));
  });
  control.listen(0, "127.0.0.1");
  await once(control, "listening");
  folder = mkdtempSync(path.join(tmpdir(), "doctor-"));
  receiver = await startOtlpReceiver();
  write("package.json", { name: "shop", dependencies: { openai: "7" } });
  install("node_modules/@lensai/instrumentation", "0.1.0");
  install("node_modules/@opentelemetry/api", "1.10.0");
  install("node_modules/openai", "7.57.0");
  write("src/main.mjs", 'import { configure } from "@lensai/instrumentation/configure";');
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await receiver.stop();
  control.closeAllConnections();
  control.close();
});

function write(file: string, content: unknown): void {
  const place = path.join(folder, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, typeof content === "string" ? content : JSON.stringify(content));
}

function install(place: string, version: string): void {
  const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  write(`${place}/package.json`, { name, version });
}

interface Told {
  readonly exitCode: number;
  readonly findings: readonly Finding[];
  readonly output: string;
}

async function doctor(env: Record<string, string> = {}, args: string[] = []): Promise<Told> {
  let output = "";
  const exitCode = await doctorCommand(["--json", ...args], {
    folder,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      LENSAI_CONTROL_URL: `http://127.0.0.1:${(control.address() as AddressInfo).port}/v1/control`,
      ...env,
    },
    nodeVersion: "v20.0.0",
    write: (text) => void (output += text),
  });
  return { exitCode, output, findings: JSON.parse(output) as Finding[] };
}

const of = (level: Finding["level"], { findings }: Told): readonly string[] =>
  findings
    .filter((finding) => finding.level === level)
    .map(({ check, what }) => `${check}: ${what}`);

async function expectProblem(what: string, env: Record<string, string> = {}): Promise<void> {
  const told = await doctor(env);
  expect(of("problem", told)).toEqual([expect.stringContaining(what)]);
  expect(told.exitCode).toBe(1);
  expect(told.findings.every(({ level, advice }) => level === "ok" || advice !== undefined)).toBe(
    true,
  );
}

describe("an application that is well", () => {
  test("has no findings but good ones, and its test span has arrived", async () => {
    const told = await doctor({ LENSAI_API_KEY: "key" });
    expect(told.exitCode).toBe(0);
    expect(told.findings.map(({ check, level }) => [check, level])).toEqual([
      ["node", "ok"],
      ["package", "ok"],
      ["otel-api", "ok"],
      ["provider-sdks", "ok"],
      ["start", "ok"],
      ["settings", "ok"],
      ["collector", "ok"],
      ["test-span", "ok"],
      ["policy", "ok"],
    ]);
    expect(receiver.requests.map(({ spanNames }) => spanNames)).toEqual([[], ["lensai doctor"]]);
    expect(receiver.requests.map(({ headers }) => headers["x-api-key"])).toEqual(["key", "key"]);
  });

  test("is signed for as it signs", async () => {
    const told = await doctor({
      LENSAI_SIGNING_KEY_ID: "sk_1",
      LENSAI_SIGNING_SECRET: "c2VjcmV0".repeat(8),
    });
    expect(told.exitCode).toBe(0);
    expect(receiver.requests.map(({ headers }) => typeof headers["signature"])).toEqual([
      "string",
      "string",
    ]);
  });

  test("can be looked at without asking anybody", async () => {
    await doctor({}, ["--offline"]);
    expect(receiver.requests).toEqual([]);
  });
});

describe("what is installed", () => {
  test("must be the package", async () => {
    rmSync(path.join(folder, "node_modules/@lensai"), { recursive: true });
    await expectProblem("@lensai/instrumentation is not installed");
  });

  test.each([
    ["nested", "node_modules/openai/node_modules/@opentelemetry/api"],
    ["in the store of pnpm", "node_modules/.pnpm/api@1.9.1/node_modules/@opentelemetry/api"],
  ])("must not have an API of another version, %s", async (_, place) => {
    install(place, "1.9.1");
    await expectProblem("versions that do not work together: 1.10.0, 1.9.1");
  });

  test("may have copies of one version, and links to one copy", async () => {
    install("node_modules/openai/node_modules/@opentelemetry/api", "1.10.3");
    symlinkSync(path.join(folder, "node_modules"), path.join(folder, "node_modules/openai/loop"));
    const told = await doctor();
    expect(told.exitCode).toBe(0);
    expect(of("ok", told)).toContain("otel-api: @opentelemetry/api 1.10.0, 1.10.3");
  });

  test("is warned about where others make the same spans, and where an adapter is missing", async () => {
    install("node_modules/openlit", "1.15.0");
    install("node_modules/@langchain/core", "1.4.0");
    write("package.json", { dependencies: { "@langchain/core": "1", next: "16" } });
    const told = await doctor();
    expect(told.exitCode).toBe(0);
    expect(of("warning", told)).toEqual([
      expect.stringContaining("other-instrumentations: other packages"),
      expect.stringContaining("@langchain/core is used without @lensai/langchain"),
      expect.stringContaining("bundled (next)"),
    ]);
  });
});

describe("how it starts", () => {
  beforeEach(() => rmSync(path.join(folder, "src"), { recursive: true }));

  test("must be somewhere", async () => {
    write("node_modules/openai/main.js", "@lensai/instrumentation/register");
    await expectProblem("nothing was found that starts the instrumentation");
  });

  test.each([
    [
      "a script",
      () =>
        write("package.json", {
          scripts: { start: "node --import @lensai/instrumentation/register a.js" },
        }),
    ],
    [
      "a Dockerfile",
      () => write("Dockerfile", "CMD node -r @lensai/instrumentation/register a.js"),
    ],
    ["code", () => write("lib/a.cjs", 'require("@lensai/instrumentation/configure")')],
  ])("may be in %s", async (_, prepare) => {
    prepare();
    expect((await doctor()).exitCode).toBe(0);
  });

  test("may be in NODE_OPTIONS", async () => {
    const told = await doctor({ NODE_OPTIONS: "--import @lensai/instrumentation/register" });
    expect(told.exitCode).toBe(0);
  });
});

describe("settings", () => {
  test.each([
    ["OTEL_SDK_DISABLED", { OTEL_SDK_DISABLED: "true" }],
    [
      "the port 4318 is that of HTTP",
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" },
    ],
    [
      "LENSAI_SIGNING_KEY_ID and LENSAI_SIGNING_SECRET belong together",
      { LENSAI_SIGNING_KEY_ID: "sk_1" },
    ],
    ["OTEL_BSP_SCHEDULE_DELAY is not a whole number", { OTEL_BSP_SCHEDULE_DELAY: "soon" }],
    [
      "OTEL_EXPORTER_OTLP_PROTOCOL is none that there is",
      { OTEL_EXPORTER_OTLP_PROTOCOL: "http/proto" },
    ],
    ["OTEL_TRACES_EXPORTER is none", { OTEL_TRACES_EXPORTER: "none" }],
  ] as [string, Record<string, string>][])("are refused: %s", async (what, env) => {
    const told = await doctor(env, ["--offline"]);
    expect(told.exitCode).toBe(1);
    expect(of("problem", told).join()).toContain(what.replace("the port", "the endpoint's port"));
  });

  test.each([
    ["yes", "has a value that nobody knows"],
    ["event_only", "content comes on spans or not at all"],
  ])("that ask for content in vain are warned about: %s", async (value, what) => {
    const name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
    expect(of("warning", await doctor({ [name]: value }, ["--offline"]))).toEqual([
      expect.stringContaining(what),
    ]);
    expect(of("warning", await doctor({ [name]: "Span_Only" }, ["--offline"]))).toEqual([]);
  });

  test("with a name that nobody reads are warned about, and no value is repeated", async () => {
    const told = await doctor({ LENSAI_API_KEYS: "secret", LENSAI_API_KEY: "secret" });
    expect(of("warning", told).join()).toContain("LENSAI_API_KEYS");
    expect(told.output).not.toContain("secret");
  });
});

describe("a collector", () => {
  test.each([
    ["does not accept the key", 401],
    ["does not let this key", 403],
    ["is not the path of an OTLP receiver", 404],
    ["cannot be used: 418", 418],
    ["has no room", 503],
  ])("that %s is named, with what to do", async (what, code) => {
    receiver.answer = status(code);
    await expectProblem(what);
  });

  test("that does not accept a signature is told from one that does not accept a key", async () => {
    receiver.answer = status(401);
    await expectProblem("does not accept the signature", {
      LENSAI_SIGNING_KEY_ID: "sk_1",
      LENSAI_SIGNING_SECRET: "c2VjcmV0".repeat(8),
    });
  });

  test("that is a page is none", async () => {
    receiver.answer = status(200, { "content-type": "text/html" }, "<p>Sign in</p>");
    await expectProblem("answers with a page");
  });

  test("that is not there is not there", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    await expectProblem("is not listening", {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:secret@127.0.0.1:${port}`,
    });
  });

  test("by gRPC's port is recognised", async () => {
    const server = http2.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expectProblem("may be the port of gRPC", {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    server.close();
  });

  test("that refuses the test span only is a problem", async () => {
    receiver.answer = (received, response) => {
      (received.body.length === 0 ? taken : status(400))(received, response);
    };
    await expectProblem("a test span was not taken: 400");
  });

  test("with another clock is warned about", async () => {
    receiver.answer = status(200, { date: new Date(Date.now() + 300_000).toUTCString() });
    expect(of("warning", await doctor()).join()).toMatch(/clock is (299|300|301) s behind/);
  });
});

const run = async (...args: string[]): Promise<[number, string]> => {
  let output = "";
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const collect = (text: string): void => void (output += text);
  const code = await doctorCommand(args, { folder, env, nodeVersion: "v18.1.0", write: collect });
  return [code, output];
};

describe("the command", () => {
  test("says a finding a line, and what to do below it", async () => {
    const [code, output] = await run();
    expect(code).toBe(1);
    expect(output).toContain(
      "PROBLEM  node: Node v18.1.0 is too old\n          use Node 20 or newer",
    );
  });

  test("knows its options", async () => {
    expect((await run("--help"))[0]).toBe(0);
    expect((await run("--fast"))[0]).toBe(2);
  });
});

/** What is found of the policy of a file, whatever the collector would answer. */
async function ofFile(args: string[] = []): Promise<readonly Finding[]> {
  policyAnswer.status = 404;
  const { findings } = await doctor({ LENSAI_POLICY_FILE: "etc/policy.json" }, args);
  return findings.filter(({ check }) => check === "policy");
}

describe("the policy", () => {
  test("is told with its age, and warned about when the console was not heard for a while", async () => {
    expect(of("ok", await doctor()).join()).toContain("was heard from the console 3 s ago");
    policyAnswer.age = "61";
    expect(of("warning", await doctor()).join()).toContain("61 s ago");
  });

  test("that is too old is a problem where it stops calls, and a warning where they go on", async () => {
    policyAnswer.age = "301";
    policyAnswer.policy = { ...policyWith({}), maxStalenessSeconds: 300 };
    await expectProblem("may be 300 s old: calls of models are refused");
    policyAnswer.policy = { ...policyAnswer.policy, staleMode: "last_known" };
    expect(of("warning", await doctor()).join()).toContain("calls go on by it");
  });

  test("that cannot be had is a warning: nothing is stopped", async () => {
    policyAnswer.status = 404;
    expect(of("warning", await doctor()).join()).toContain("it answers 404");
    policyAnswer = { status: 200, age: "0", policy: { formatVersion: 9 } };
    expect(of("warning", await doctor()).join()).toContain("formatVersion 9 is not supported");
  });

  describe("in a file", () => {
    test.each([
      ["that is not there", undefined, "ENOENT"],
      ["that is no JSON", "{", "JSON"],
      ["with a field that is wrong", { ...policyWith({}), formatVersion: 9 }, "formatVersion 9"],
    ])("%s is a problem, whether or not a collector is asked", async (_, content, what) => {
      if (content !== undefined) write("etc/policy.json", content);
      for (const args of [[], ["--offline"]]) {
        expect(await ofFile(args)).toMatchObject([
          { level: "problem", what: expect.stringContaining(what) as string },
        ]);
      }
    });

    test("is said to hold for each process by itself where it stops calls", async () => {
      write("etc/policy.json", policyWith({ budgets: [budgetTerms({ mode: "warn" })] }));
      expect(await ofFile()).toMatchObject([
        { level: "ok", what: "the policy is that of etc/policy.json (1 budgets, 0 kill-switches)" },
      ]);
      write("etc/policy.json", policyWith({ budgets: [budgetTerms()] }));
      expect(await ofFile()).toMatchObject([
        {
          level: "warning",
          what: expect.stringContaining("each process has the whole amount") as string,
        },
      ]);
    });
  });
});
