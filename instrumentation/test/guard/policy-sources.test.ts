import { renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import http from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/config.ts";
import { ControlSource } from "../../src/guard/control-source.ts";
import { PolicyFile } from "../../src/guard/policy-file.ts";
import { killSwitch, policyWith } from "../support/policies.ts";

const versions: number[] = [];
const problems: string[] = [];
const told = {
  onPolicy: ({ version }: ControlPolicy) => void versions.push(version),
  onProblem: (sentence: string) => void problems.push(sentence),
};
const policyOf = (version: number): string =>
  JSON.stringify(policyWith({ version, killSwitches: [killSwitch()] }));

beforeEach(() => {
  versions.length = 0;
  problems.length = 0;
});

describe("a policy file", () => {
  let folder: string;
  let file: string;
  let source: PolicyFile;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "policy-"));
    file = path.join(folder, "policy.json");
    source = new PolicyFile(file, told);
  });
  afterEach(async () => {
    source.stop();
    await rm(folder, { recursive: true });
  });

  test("holds before start returns, and again when it was replaced", async () => {
    writeFileSync(file, policyOf(1));
    source.start(5);
    expect(versions).toEqual([1]);
    writeFileSync(`${file}.new`, policyOf(2));
    renameSync(`${file}.new`, file);
    await expect.poll(() => versions).toEqual([1, 2]);
  });

  test("that is broken or gone is reported once, by its first wrong field, and changes nothing", async () => {
    writeFileSync(file, policyOf(1));
    source.start(5);
    writeFileSync(file, policyOf(2).replace('"reason"', '"raeson"'));
    await expect.poll(() => problems).toHaveLength(1);
    expect(problems[0]).toContain("killSwitches[0].reason is not a string");
    expect(problems[0]).toContain("what held before still holds");
    rmSync(file);
    await expect.poll(() => problems).toHaveLength(2);
    writeFileSync(file, policyOf(3));
    await expect.poll(() => versions).toEqual([1, 3]);
    expect(problems).toHaveLength(2);
  });

  test("that is not there at the start is reported, and read when it comes", async () => {
    source.start(5);
    expect(problems).toHaveLength(1);
    writeFileSync(file, policyOf(4));
    await expect.poll(() => versions).toEqual([4]);
  });
});

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const polled =
  (version: () => number): Answer =>
  ({ headers }, response) => {
    const etag = `"${version()}"`;
    if (headers["if-none-match"] === etag) response.writeHead(304, { age: "7" }).end();
    else
      response
        .writeHead(200, { etag, "content-type": "application/json" })
        .end(policyOf(version()));
  };

describe("a collector", () => {
  let server: http.Server;
  let answer: Answer;
  let asked: http.IncomingHttpHeaders[];
  let source: ControlSource;
  beforeEach(async () => {
    asked = [];
    server = http.createServer((request, response) => {
      asked.push(request.headers);
      answer(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    source = new ControlSource({
      ...told,
      url: `http://127.0.0.1:${port}/v1/control`,
      headers: { "x-api-key": "key" },
      identity: { instanceId: "instance-1", serviceName: "caf\u00e9" },
      nowMs: Date.now,
      random: () => 0.5,
      pollIntervalMs: 5,
    });
  });
  afterEach(() => {
    source.stop();
    server.closeAllConnections();
    server.close();
  });

  test("is asked with the key, and by the ETag of what is known", async () => {
    let version = 1;
    answer = polled(() => version);
    source.start();
    await expect
      .poll(() => asked.filter((headers) => headers["if-none-match"] === '"1"').length)
      .toBeGreaterThan(2);
    expect(asked.every((headers) => headers["x-api-key"] === "key")).toBe(true);
    expect(asked[0]).toMatchObject({
      "lensai-instance-id": "instance-1",
      "lensai-service-name": "caf%C3%A9",
    });
    expect(source.silentMs).toBeGreaterThanOrEqual(7_000);
    version = 2;
    await expect.poll(() => versions).toEqual([1, 2]);
    expect(problems).toEqual([]);
  });

  test("that streams is listened to: a change is there as soon as it is sent", async () => {
    let stream: http.ServerResponse | undefined;
    answer = (_, response) => {
      stream = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`retry: 2000\n\nevent: policy\nid: 1\ndata: ${policyOf(1)}\n\n`);
    };
    source.start();
    await expect.poll(() => versions).toEqual([1]);
    stream?.write(`:\n\nevent: policy\nid: 2\ndata: ${policyOf(2)}\n\n`);
    await expect.poll(() => versions).toEqual([1, 2]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.accept).toContain("text/event-stream");
    stream?.write(": age 90\n\n");
    await expect.poll(() => source.silentMs).toBeGreaterThanOrEqual(90_000);
  });

  test("that has heard less than another one does not turn back what is known", async () => {
    const order = [5, 4, 6];
    answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(policyOf(order.shift() ?? 6));
    };
    source.start();
    await expect.poll(() => versions).toContain(6);
    expect(versions.slice(0, 2)).toEqual([5, 6]);
  });

  test("that answers garbage is reported, and what was known holds", async () => {
    const texts = [policyOf(1), "not a policy", policyOf(2)];
    answer = (_, response) => {
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(texts.shift() ?? policyOf(2));
    };
    source.start();
    await expect.poll(() => versions).toContain(2);
    expect(problems).toHaveLength(1);
  });

  test("that refuses the key is reported and not asked again soon", async () => {
    answer = (_, response) => void response.writeHead(401).end();
    source.start();
    await expect.poll(() => problems).toHaveLength(1);
    expect(problems[0]).toContain("401");
    expect(asked).toHaveLength(1);
  });
});

test.each([
  [{}, "http://localhost:4318/v1/control"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "https://lens.example.com/" },
    "https://lens.example.com/v1/control",
  ],
  [{ LENSAI_CONTROL_URL: "http://c/v1/control" }, "http://c/v1/control"],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, undefined],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example.com/in" }, undefined],
])("the policy is where the spans go: %o", (env, url) => {
  expect(readEnvironment(env).guardSettings.controlUrl).toBe(url);
});

test("what scopes call environment is the one of the resource", () => {
  const env = {
    OTEL_RESOURCE_ATTRIBUTES: "service.name=shop,deployment.environment.name=production",
  };
  expect(readEnvironment(env).guardSettings.environment).toBe("production");
});
