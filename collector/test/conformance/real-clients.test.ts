import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import type { SqlRow } from "@lensai/analytics/duckdb/connect";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Signal } from "../../src/pipeline/ingest.ts";
import { transcodeJson } from "../../src/receiver/json-to-protobuf.ts";
import { GRPC } from "../../src/receiver/otlp-status.ts";
import { GRPC_SERVICES, call } from "./grpc-call.ts";
import { startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

/** Only a busy machine needs it: each case takes well under a second. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/**
 * Bodies that published instrumentation sent, recorded with the log of the fake provider it called as the
 * truth. They lie outside the project; where they are absent there is nothing to compare with.
 */
const CAPTURES = fileURLToPath(new URL("../../../../shared/fixtures/captures", import.meta.url));

interface Scenario {
  readonly name: string;
  readonly folder: string;
}

function scenarios(clients: readonly string[]): Scenario[] {
  return clients
    .map((client) => path.join(CAPTURES, client))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((folder) => existsSync(path.join(folder, "requests")))
    .map((folder) => ({ name: path.relative(CAPTURES, folder), folder }));
}

interface Recorded {
  readonly transport: "http" | "grpc";
  readonly signal: Signal;
  readonly method: string;
  readonly path: string;
  readonly contentEncoding: string | null;
  readonly grpcCompressedFlag?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function recordedRequests({ folder }: Scenario): Recorded[] {
  const requests = path.join(folder, "requests");
  return readdirSync(requests)
    .filter((name) => name.endsWith(".meta.json"))
    .sort((left, right) => left.localeCompare(right))
    .map((name) => {
      const meta = JSON.parse(readFileSync(path.join(requests, name), "utf8")) as Recorded;
      const body = readFileSync(path.join(requests, name.replace(".meta.json", ".bin")));
      return Object.assign(meta, { body });
    })
    .filter(({ signal }) => signal in GRPC_SERVICES);
}

/** Headers of the connection it was recorded on. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set(
  "host connection content-length transfer-encoding authorization".split(" "),
);

/** As clients should: what was refused for the moment is sent again. */
function sendUntilTaken(send: () => Promise<number>): Promise<number> {
  return vi.waitFor(
    async () => {
      const status = await send();
      if (status === 503 || status === GRPC.unavailable) throw new Error("refused for the moment");
      return status;
    },
    { interval: 20, timeout: 30_000 },
  );
}

async function sendAsRecorded(collector: LandedCollector, recorded: Recorded): Promise<number> {
  if (recorded.transport === "grpc") return sendOverGrpc(collector, recorded);
  const headers = Object.entries(recorded.headers).filter(
    ([name]) => !CONNECTION_HEADERS.has(name),
  );
  const response = await collector.target.send({
    method: recorded.method,
    path: recorded.path,
    headers: Object.fromEntries(headers),
    body: recorded.body,
    isChunked: true,
  });
  return response.status === 200 ? 0 : response.status;
}

async function sendOverGrpc(collector: LandedCollector, recorded: Recorded): Promise<number> {
  const { signal, body, contentEncoding } = recorded;
  const isGzip = contentEncoding === "gzip" || recorded.grpcCompressedFlag === 1;
  const plain = isGzip ? zlib.gunzipSync(body) : body;
  const isJson = recorded.headers["content-type"]?.includes("json") === true;
  const message = isJson ? transcodeJson(signal, plain, 2 ** 26).body : plain;
  const answer = await call(collector.target, { service: GRPC_SERVICES[signal], message, isGzip });
  return answer.status;
}

interface TrueCall {
  readonly status: number;
  readonly client_aborted: boolean;
  readonly server_cut: boolean;
  readonly response_id: string | null;
  readonly usage_on_wire: boolean;
  readonly usage: { readonly input_total: number; readonly output_total: number } | null;
}

/** These apps ran without a working instrumentation of the provider's SDK: no call is in their telemetry. */
const BLIND: ReadonlySet<string> = new Set([
  "otel-openai/auto-register-esm",
  "otel-auto/http-app-openai7",
]);

/**
 * What a receiver can know, a line per call: response id, tokens in and out, where they come from. Streams
 * that broke off left no span.
 */
function expectedBills({ name, folder }: Scenario): string[] {
  if (BLIND.has(name)) return [];
  const truth = JSON.parse(readFileSync(path.join(folder, "truth.json"), "utf8")) as {
    readonly calls: readonly TrueCall[];
  };
  return truth.calls
    .filter((each) => each.status === 200 && !each.client_aborted && !each.server_cut)
    .map(({ response_id, usage_on_wire, usage }) =>
      usage_on_wire
        ? `${response_id} ${usage?.input_total} ${usage?.output_total} reported`
        : `${response_id} null null missing`,
    )
    .sort();
}

function billOf(row: SqlRow): string {
  const { response_id, input_tokens, output_tokens, usage_source, call_role } = row;
  // An embedding has no output; the provider's log counts 0.
  const output = call_role === "embedding" ? 0 : output_tokens;
  return [response_id, input_tokens, output, usage_source].map(String).join(" ");
}

const counted = scenarios(["otel-openai", "otel-auto"]);
const everyone = existsSync(CAPTURES) ? scenarios(readdirSync(CAPTURES)) : [];

describe.each([
  { how: "as recorded", send: sendAsRecorded },
  { how: "over gRPC", send: sendOverGrpc },
])("recorded clients, sent $how", ({ send }) => {
  let collector: LandedCollector;
  const taken = (recorded: Recorded): Promise<number> =>
    sendUntilTaken(() => send(collector, recorded));
  beforeAll(async () => {
    collector = await startLandedCollector();
  });
  afterAll(() => collector.stop());

  test(`bill each call with the tokens of the provider's log (${counted.length} scenarios here)`, async () => {
    for (const scenario of counted) {
      await collector.newRows();
      for (const recorded of recordedRequests(scenario)) {
        expect([scenario.name, await taken(recorded)]).toEqual([scenario.name, 0]);
      }
      const billed = (await collector.newRows()).filter((row) => row["billed"] === true);
      const bills = billed.map((row) => billOf(row)).sort();
      expect({ name: scenario.name, bills }).toEqual({
        name: scenario.name,
        bills: expectedBills(scenario),
      });
    }
  });

  test(`are accepted from every client (${everyone.length} scenarios here)`, async () => {
    for (const scenario of everyone) {
      for (const recorded of recordedRequests(scenario)) {
        expect([scenario.name, await taken(recorded)]).toEqual([scenario.name, 0]);
      }
    }
  });
});
