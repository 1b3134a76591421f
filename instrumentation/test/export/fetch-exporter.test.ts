import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BatchSpanProcessor, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FetchSpanExporter, flushAfterAnswer } from "../../src/export/fetch-exporter.ts";
import type { FetchExporterOptions } from "../../src/export/fetch-exporter.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { OtlpReceiver } from "../support/otlp-receiver.ts";
import { isSignedWith } from "../support/verify-export.ts";

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.stop());

const SECRET = Buffer.alloc(32, 5);

function providerWith(options: Partial<FetchExporterOptions> = {}): {
  provider: TracerProvider;
  exporter: FetchSpanExporter;
} {
  const exporter = new FetchSpanExporter({ endpoint: receiver.url, ...options });
  return {
    exporter,
    provider: new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] }),
  };
}

const make = (provider: TracerProvider, ...names: readonly string[]): void => {
  for (const name of names) provider.getTracer("test").startSpan(name).end();
};

const names = (): readonly string[] => receiver.requests.flatMap(({ spanNames }) => spanNames);

describe("on an edge runtime", () => {
  test("spans go with fetch, compressed and signed", async () => {
    const signing = { keyId: "sec_1", secret: SECRET.toString("base64url") };
    const { provider } = providerWith({ signing, headers: { "x-api-key": "k1" } });
    make(provider, "a", "b");
    await provider.forceFlush();
    expect(names()).toEqual(["a", "b"]);
    const [request] = receiver.requests;
    expect(request?.headers).toMatchObject({ "content-encoding": "gzip", "x-api-key": "k1" });
    expect(request !== undefined && isSignedWith(SECRET, request)).toBe(true);
  });

  test("they go behind the answer", async () => {
    const { provider } = providerWith();
    const waitedFor: Promise<unknown>[] = [];
    make(provider, "a");
    flushAfterAnswer((work) => waitedFor.push(work), provider);
    expect(names()).toEqual([]);
    await Promise.all(waitedFor);
    expect(names()).toEqual(["a"]);
  });

  test("what the exporter was given is waited for, also without a processor that batches", async () => {
    const exporter = new FetchSpanExporter({ endpoint: `${receiver.url}/` });
    const provider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    make(provider, "a", "b");
    await provider.forceFlush();
    await exporter.forceFlush();
    expect([...names()].sort()).toEqual(["a", "b"]);
  });

  test("a collector that is busy is asked again within the time of the export", async () => {
    receiver.answer = (...args) => {
      (receiver.requests.length < 2 ? status(503, { "retry-after": "0" }) : taken)(...args);
    };
    const { provider } = providerWith();
    make(provider, "a");
    await provider.forceFlush();
    expect(names()).toEqual(["a", "a"]);
  });

  test.each([
    ["refuses", status(400), "400"],
    ["asks for more patience than there is", status(503, { "retry-after": "60" }), "503"],
    ["never answers", () => {}, "TimeoutError"],
  ] as const)(
    "a collector that %s: the export fails, and nothing throws",
    async (_, answer, name) => {
      receiver.answer = answer;
      const exporter = new FetchSpanExporter({ endpoint: receiver.url, timeoutMs: 200 });
      const provider = new TracerProvider();
      const span = provider.getTracer("test").startSpan("a");
      span.end();
      const result = await new Promise((resolve) => {
        exporter.export([span as never], resolve);
      });
      expect(result).toMatchObject({ code: 1, error: { name } });
    },
  );

  test("a secret that cannot be used sends nothing", async () => {
    const { exporter, provider } = providerWith({
      signing: { keyId: "sec_1", secret: "short" },
      timeoutMs: 100,
    });
    make(provider, "a");
    await provider.forceFlush().catch(() => {});
    await exporter.shutdown();
    expect(receiver.requests).toEqual([]);
  });
});

test("nothing of Node is imported", () => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, "utf8");
    for (const [, imported = ""] of text.matchAll(
      /^(?:import|\} from|export .* from).*?"([^"]+)";$/gm,
    )) {
      expect(imported).not.toMatch(/^node:/);
      const file = fileOf(imported, path);
      if (file !== undefined) visit(file);
    }
  };
  visit(fileURLToPath(new URL("../../src/export/fetch-exporter.ts", import.meta.url)));
  expect(seen.size).toBeGreaterThan(8);
});

/** A file of ours; packages of others choose what fits the runtime by themselves. */
function fileOf(imported: string, from: string): string | undefined {
  const url = imported.startsWith("@lensai/otel-config/")
    ? new URL(`../../../otel-config/src/${imported.slice(20)}.ts`, import.meta.url)
    : new URL(imported, `file://${from}`);
  const path = fileURLToPath(url);
  return imported.startsWith(".") || existsSync(path) ? path : undefined;
}
