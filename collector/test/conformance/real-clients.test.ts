import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Signal } from "../../src/pipeline/ingest.ts";
import { transcodeJson } from "../../src/receiver/json-to-protobuf.ts";
import { GRPC_SERVICES, call } from "./grpc-call.ts";
import { startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

/** Of google.rpc.Code. */
const GRPC_UNAVAILABLE = 14;

/**
 * Bodies that published instrumentation sent: those of the project's own harness, and further ones that may
 * lie beside the repository. What is billed for them is judged in deploy/conformance; here they are a
 * transport's test.
 */
const CAPTURES = ["../../../deploy/clients/captures", "../../../../shared/fixtures/captures"].map(
  (folder) => fileURLToPath(new URL(folder, import.meta.url)),
);

interface Scenario {
  readonly name: string;
  readonly folder: string;
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder).map((name) => path.join(folder, name));

function allScenarios(): Scenario[] {
  return CAPTURES.filter((folder) => existsSync(folder))
    .flatMap((captures) => foldersIn(captures).flatMap((client) => foldersIn(client)))
    .filter((folder) => existsSync(path.join(folder, "requests")))
    .map((folder) => ({ name: path.basename(folder), folder }));
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
      if (status === 503 || status === GRPC_UNAVAILABLE) throw new Error("refused for the moment");
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

const everyone = allScenarios();
/** An acknowledgement waits for the disk, which takes several together. */
const CLIENTS_AT_ONCE = 8;

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

  test(`are accepted from every client (${everyone.length} scenarios here)`, async () => {
    const waiting = everyone.values();
    const sending = Array.from({ length: CLIENTS_AT_ONCE }, () => refusalsOf(waiting));
    expect((await Promise.all(sending)).flat()).toEqual([]);
  });

  async function refusalsOf(scenarios: Iterable<Scenario>): Promise<string[]> {
    const refusals: string[] = [];
    for (const scenario of scenarios) {
      for (const recorded of recordedRequests(scenario)) {
        const status = await taken(recorded);
        if (status !== 0) refusals.push(`${scenario.name}: ${status}`);
      }
    }
    return refusals;
  }
});
