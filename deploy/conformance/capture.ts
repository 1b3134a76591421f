import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

type Signal = "traces" | "logs" | "metrics";

/** One recorded scenario: `requests/NNN.bin` + `NNN.meta.json`, and `truth.json` of the provider. */
export interface Scenario {
  readonly client: string;
  readonly name: string;
  readonly folder: string;
}

/** One request as the client sent it; of gRPC the message without its frame. */
export interface Recorded {
  readonly file: string;
  readonly transport: "http" | "grpc";
  readonly signal: Signal;
  readonly method: string;
  readonly path: string;
  readonly contentEncoding: string | null;
  readonly grpcCompressedFlag?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Which scenarios are meant: `client` by its whole name, `scenario` by its whole name or "client/scenario". */
export interface ScenarioFilter {
  readonly client?: string | undefined;
  readonly scenario?: string | undefined;
}

/** The scenarios of a folder `<client>/<scenario>/`, by name. A folder that does not exist has none. */
export function listScenarios(captures: string, filter: ScenarioFilter = {}): Scenario[] {
  return foldersIn(captures)
    .flatMap((client) =>
      foldersIn(path.join(captures, client)).map((name) => ({
        client,
        name,
        folder: path.join(captures, client, name),
      })),
    )
    .filter(({ folder }) => existsSync(path.join(folder, "truth.json")))
    .filter(({ client }) => filter.client === undefined || client === filter.client)
    .filter(
      ({ client, name }) =>
        filter.scenario === undefined ||
        name === filter.scenario ||
        `${client}/${name}` === filter.scenario,
    );
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((left, right) => left.localeCompare(right));
}

/** The OTLP requests in the order in which they came. Other requests that the client made are left out. */
export function readRequests({ folder }: Scenario): Recorded[] {
  const requests = path.join(folder, "requests");
  if (!existsSync(requests)) return [];
  return readdirSync(requests)
    .filter((name) => name.endsWith(".meta.json"))
    .sort((left, right) => left.localeCompare(right))
    .map((file) => {
      const meta = JSON.parse(readFileSync(path.join(requests, file), "utf8")) as Recorded;
      const body = readFileSync(path.join(requests, file.replace(".meta.json", ".bin")));
      return Object.assign(meta, { file, body });
    })
    .filter(({ signal }) => ["traces", "logs", "metrics"].includes(signal));
}

/** The body without its compression. */
export function plainBody(recorded: Recorded): Buffer {
  const isGzip = recorded.contentEncoding === "gzip" || recorded.grpcCompressedFlag === 1;
  return isGzip ? gunzipSync(recorded.body) : recorded.body;
}

export function isJson(recorded: Recorded): boolean {
  return recorded.headers["content-type"]?.includes("json") === true;
}
