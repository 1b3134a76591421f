import { describe, expect, test } from "vitest";
import { settingSpec } from "@lensai/otel-config/settings";
import {
  hasOtherExporter,
  metricsUrlOf,
  readExportSettings,
  withOptions,
} from "../../src/export/export-settings.ts";
import type { ExportSettings, Variables } from "../../src/export/export-settings.ts";

function read(env: Variables): { settings: ExportSettings; problems: string[] } {
  const problems: string[] = [];
  return { settings: readExportSettings(env, (problem) => problems.push(problem)), problems };
}

describe("the standard variables", () => {
  test("nothing set is a collector on this machine, compressed, without a signature", () => {
    expect(read({})).toMatchObject({
      settings: {
        tracesUrl: "http://localhost:4318/v1/traces",
        headers: {},
        timeoutMs: 10_000,
        isGzip: true,
        signing: undefined,
        batchSpansMax: 512,
      },
      problems: [],
    });
  });

  test.each([
    ["http://collector:4318", "http://collector:4318/v1/traces"],
    ["https://example.com/otlp/", "https://example.com/otlp/v1/traces"],
  ])("OTEL_EXPORTER_OTLP_ENDPOINT=%s is a base", (endpoint, tracesUrl) => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).settings.tracesUrl).toBe(tracesUrl);
  });

  test("those of traces are taken as they are, before the general ones", () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://general:4318",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://own:4318/intake",
      OTEL_EXPORTER_OTLP_HEADERS: "X-Api-Key=general,tenant=a",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-api-key=own%20one",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
    });
    expect(settings).toMatchObject({
      tracesUrl: "http://own:4318/intake",
      headers: { "x-api-key": "own one", tenant: "a" },
      timeoutMs: 2000,
      isGzip: false,
    });
  });

  test.each([
    [{}, false],
    [{ OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, false],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, true],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, true],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" },
      false,
    ],
    [{ OTEL_TRACES_EXPORTER: "console" }, true],
    [{ OTEL_TRACES_EXPORTER: "none" }, true],
  ])("%j: another exporter? %s", (env, other) => {
    expect(hasOtherExporter(env)).toBe(other);
  });

  test("values that cannot be used are named, not repeated, and replaced by defaults", () => {
    const { settings, problems } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
      OTEL_EXPORTER_OTLP_TIMEOUT: "soon",
      LENSAI_EXPORT_QUEUE_BYTES: "-1",
    });
    expect(settings).toEqual(read({}).settings);
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_TIMEOUT",
      "LENSAI_EXPORT_QUEUE_BYTES",
    ]);
    expect(problems.join()).not.toContain("soon");
  });
});

test("the size of the queue is the documented one", () => {
  const documented = settingSpec("LENSAI_EXPORT_QUEUE_BYTES").default;
  expect(read({}).settings.queueBytesMax).toBe(Number(documented));
});

test("spans wait on disk only where a folder is named, of the documented size", () => {
  expect(read({}).settings.spill).toBeUndefined();
  const bytesMax = Number(settingSpec("LENSAI_SPILL_BYTES_MAX").default);
  expect(read({ LENSAI_SPILL_DIR: "/var/spill" }).settings.spill).toEqual({
    folder: "/var/spill",
    bytesMax,
  });
});

describe("keys", () => {
  test("LENSAI_API_KEY is a header, unless the user's headers have it", () => {
    expect(read({ LENSAI_API_KEY: "k1" }).settings.headers).toEqual({ "x-api-key": "k1" });
    const env = { LENSAI_API_KEY: "k1", OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=k2" };
    expect(read(env).settings.headers).toEqual({ "x-api-key": "k2" });
  });

  test("a secret comes from variables or from a file, which may change", () => {
    const one = { LENSAI_SIGNING_KEY_ID: "sec_1", LENSAI_SIGNING_SECRET: "AAAA" };
    expect(read(one).settings.signing).toEqual({ keyId: "sec_1", secret: "AAAA" });
    const both = { ...one, LENSAI_SIGNING_KEYS_FILE: "/run/keys" };
    expect(read(both).settings.signing).toEqual({ file: "/run/keys" });
  });

  test("half a secret is a problem, and nothing goes unsigned for it", () => {
    const { settings, problems } = read({ LENSAI_SIGNING_KEY_ID: "sec_1" });
    expect(settings.signing).toEqual({ keyId: "sec_1", secret: "" });
    expect(problems).toEqual([expect.stringContaining("LENSAI_SIGNING_SECRET")]);
  });
});

test("what code says wins over the environment", () => {
  const { settings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://env:4318" });
  const options = { endpoint: "http://code:4318/", headers: { "X-Api-Key": "k" } };
  expect(withOptions(settings, options)).toMatchObject({
    tracesUrl: "http://code:4318/v1/traces",
    headers: { "x-api-key": "k" },
  });
});

test.each([
  ["http://c:4318/v1/traces", "http://c:4318/v1/metrics"],
  ["http://c/v1/traces/v1/traces/", "http://c/v1/traces/v1/metrics"],
  ["http://c/intake", undefined],
])("metrics beside %s go to %s", (tracesUrl, metricsUrl) => {
  expect(metricsUrlOf(tracesUrl)).toBe(metricsUrl);
});
