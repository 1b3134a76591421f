import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { SETTINGS } from "@lensai/otel-config/settings";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { requireStartable } from "../../src/preflight.ts";

const parse = (environment: Record<string, string>) => parseConfig(environment, "/work dir");

test("an empty environment gives the defaults of the list of settings", () => {
  expect(parse({})).toEqual({
    dataDir: "/work dir/.lensai",
    lakeUrl: "file:///work%20dir/.lensai/lake",
    region: "local",
    s3: {
      endpoint: undefined,
      region: "us-east-1",
      accessKeyId: undefined,
      secretAccessKey: undefined,
      sessionToken: undefined,
    },
    bindAddress: "127.0.0.1",
    keylessIsAllowed: true,
    httpPort: 4318,
    grpcPort: 4317,
    allowedHosts: [],
    corsOrigins: [],
    bootstrapKey: undefined,
    control: { url: undefined, token: undefined, intervalMs: 2000 },
    content: "redacted",
    pricesFile: "/work dir/.lensai/prices.json",
    bodyBytesMax: 67_108_864,
    bodyTimeoutMs: 30_000,
    inFlightBytesMax: 268_435_456,
    rateLimits: { recordsPerSecond: 0, requestsPerSecond: 0 },
    landingIntervalMs: 2000,
    walSegmentBytes: 16_777_216,
    walBytesMax: 1_073_741_824,
  });
});

test("an empty value counts as not set", () => {
  expect(parse({ LENSAI_OTLP_HTTP_PORT: "", LENSAI_LAKE_URL: "" })).toEqual(parse({}));
});

test.each([
  ["127.0.0.1", true],
  ["::1", true],
  ["127.1.2.3", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.5", false],
])("bound to %s, ingest without a key is allowed: %s", (address, isAllowed) => {
  expect(parse({ LENSAI_BIND_ADDRESS: address }).keylessIsAllowed).toBe(isAllowed);
});

test("every setting of the list is known, whoever owns it", () => {
  const environment = Object.fromEntries(SETTINGS.map(({ name }) => [name, ""]));
  expect(() => parse(environment)).not.toThrow();
  expect(() => parse({ LENSAI_CONSOLE_PORT: "any", DATABASE_URL: "any" })).not.toThrow();
});

test("every problem is listed in one error, with what to do", () => {
  const environment = {
    LENSAI_OTLP_HTTP_PORT: "70000",
    LENSAI_LANDING_INTERVALL_MS: "5",
    LENSAI_NONSENSE_WITHOUT_NEIGHBOUR: "1",
    LENSAI_LAKE_URL: "ftp://x",
    LENSAI_BOOTSTRAP_KEY: "canary",
    LENSAI_CONTENT: "full",
    LENSAI_CORS_ORIGINS: "https://a.example, b.example",
    AWS_ACCESS_KEY_ID: "canary-id",
    LENSAI_CONTROL_URL: "http://127.0.0.1:3000",
  };
  let message = "";
  try {
    parse(environment);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatchInlineSnapshot(`
    "the collector cannot start:
      - LENSAI_LANDING_INTERVALL_MS: no such setting; did you mean LENSAI_LANDING_INTERVAL_MS?
      - LENSAI_NONSENSE_WITHOUT_NEIGHBOUR: no such setting; remove it
      - LENSAI_LAKE_URL: "ftp://x" is not a URL that starts with file: or s3:
      - LENSAI_OTLP_HTTP_PORT: "70000" is not a whole number from 0 to 65535
      - LENSAI_CORS_ORIGINS: is not a comma-separated list of origins such as https://app.example.com
      - LENSAI_BOOTSTRAP_KEY: is shorter than 16 characters
      - LENSAI_CONTENT: "full" is not redacted or off
      - AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither
      - LENSAI_CONTROL_TOKEN: missing; LENSAI_CONTROL_URL needs the token of that console"
  `);
  expect(message).not.toContain("canary");
});

test.each([
  { name: "LENSAI_OTLP_HTTP_PORT", min: "0", max: "65535", above: "65536" },
  { name: "LENSAI_LANDING_INTERVAL_MS", min: "50", max: "86400000", above: "86400001" },
  { name: "LENSAI_BODY_LIMIT_BYTES", min: "1024", max: "134217728", above: "134217729" },
])("$name is accepted from $min to $max and refused at $above", ({ name, min, max, above }) => {
  expect(() => parse({ [name]: min })).not.toThrow();
  expect(() => parse({ [name]: max })).not.toThrow();
  expect(() => parse({ [name]: above })).toThrow(`"${above}" is not a whole number`);
  for (const text of ["-1", "1.5", "1e3", "0x10", " 1", "one"]) {
    expect(() => parse({ [name]: text })).toThrow("is not a whole number");
  }
});

const ports = (port: string) => ({ LENSAI_OTLP_HTTP_PORT: port, LENSAI_OTLP_GRPC_PORT: port });

test("two ports that are the same are refused, two free ones are not", () => {
  expect(() => parse(ports("5000"))).toThrow("must differ");
  expect(() => parse(ports("0"))).not.toThrow();
});

test("the bytes in flight always leave room for one body and its inflated form", () => {
  const set = { LENSAI_IN_FLIGHT_BYTES_MAX: "1024", LENSAI_BODY_LIMIT_BYTES: "1000000" };
  expect(parse(set).inFlightBytesMax).toBe(2_000_000);
});

describe("before anything starts", () => {
  test("a taken port and a data folder that cannot be written are reported together", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "lensai-preflight-"));
    const file = path.join(folder, "file");
    await writeFile(file, "");
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const config = { ...parse({}), dataDir: path.join(file, "below"), httpPort: port, grpcPort: 0 };
    const started = requireStartable(config);
    await expect(started).rejects.toThrow(
      `LENSAI_DATA_DIR: ${config.dataDir} cannot be written (ENOTDIR)`,
    );
    await expect(started).rejects.toThrow(`LENSAI_OTLP_HTTP_PORT: port ${port} is taken`);
    taken.close();
    await expect(
      requireStartable({ ...config, dataDir: path.join(folder, "new"), httpPort: 0 }),
    ).resolves.toBeUndefined();
    await rm(folder, { recursive: true });
  });

  test("an address of another machine is reported", async () => {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-preflight-"));
    const config = { ...parse({ LENSAI_BIND_ADDRESS: "192.0.2.1" }), dataDir };
    await expect(requireStartable(config)).rejects.toThrow("is not an address of this machine");
    await rm(dataDir, { recursive: true });
  });
});
