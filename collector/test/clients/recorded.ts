import { existsSync, readFileSync, readdirSync } from "node:fs";
import http2 from "node:http2";
import path from "node:path";

/** Bodies recorded from published instrumentation, with the log of the server it called as the truth. */

const CAPTURES = path.resolve(import.meta.dirname, "../../../../shared/fixtures/captures");

export interface TrueCall {
  readonly id: number;
  readonly api: string;
  readonly status: number;
  readonly responseId: string | null;
  readonly responseModel: string | null;
  readonly isBroken: boolean;
  readonly usageOnWire: boolean;
  readonly input: number | null;
  readonly output: number | null;
}

export interface RecordedRequest {
  readonly transport: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isCompressedFrame: boolean;
  readonly encoding: string | null;
  readonly body: Buffer;
}

export interface Scenario {
  readonly name: string;
  readonly requests: readonly RecordedRequest[];
  readonly calls: readonly TrueCall[];
}

/** The scenarios of a client; none when the recordings are not beside this checkout. */
export function scenariosOf(client: string): Scenario[] {
  const folder = path.join(CAPTURES, client);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readScenario(path.join(folder, name), `${client}/${name}`));
}

type Json = Record<string, unknown>;

function readScenario(folder: string, name: string): Scenario {
  const truth = readJson(path.join(folder, "truth.json"));
  const requestFolder = path.join(folder, "requests");
  const metas = readdirSync(requestFolder)
    .filter((file) => file.endsWith(".meta.json"))
    .sort();
  const requests = metas
    .map((file) => ({ meta: readJson(path.join(requestFolder, file)), file }))
    .filter(({ meta }) => typeof meta["signal"] === "string")
    .map(({ meta, file }) =>
      requestOf(meta, readFileSync(path.join(requestFolder, file.replace(".meta.json", ".bin")))),
    );
  const calls = (truth["calls"] as Json[]).map(callOf);
  return { name, requests, calls };
}

const readJson = (file: string): Json => JSON.parse(readFileSync(file, "utf8")) as Json;

function requestOf(meta: Json, body: Buffer): RecordedRequest {
  return {
    transport: String(meta["transport"]),
    path: String(meta["path"]),
    headers: meta["headers"] as Record<string, string>,
    isCompressedFrame: meta["grpcCompressedFlag"] === 1,
    encoding: meta["contentEncoding"] as string | null,
    body,
  };
}

function callOf(call: Json): TrueCall {
  const usage = call["usage"] as Json | null;
  return {
    id: Number(call["id"]),
    api: String(call["api"]),
    status: Number(call["status"]),
    responseId: call["response_id"] as string | null,
    responseModel: call["response_model"] as string | null,
    isBroken: call["client_aborted"] === true || call["server_cut"] === true,
    usageOnWire: call["usage_on_wire"] === true,
    input: usage === null ? null : Number(usage["input_total"]),
    output: usage === null ? null : Number(usage["output_total"]),
  };
}

export interface GrpcAnswer {
  readonly status: string;
  readonly message: string;
}

/** Sends a recorded gRPC message, framed as it was. */
export function sendOverGrpc(port: number, request: RecordedRequest): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const frame = Buffer.alloc(5);
    frame[0] = request.isCompressedFrame ? 1 : 0;
    frame.writeUInt32BE(request.body.length, 1);
    const stream = session.request({
      ":method": "POST",
      ":path": request.path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(request.encoding === null ? {} : { "grpc-encoding": request.encoding }),
    });
    let answer: GrpcAnswer = { status: "", message: "" };
    const read = (headers: http2.IncomingHttpHeaders): void => {
      const { "grpc-status": status, "grpc-message": message = "" } = headers;
      if (status !== undefined) answer = { status: String(status), message: String(message) };
    };
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      resolve(answer);
    });
    stream.resume();
    stream.end(Buffer.concat([frame, request.body]));
  });
}

const HOP_BY_HOP = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "authorization",
  "x-api-key",
]);

/** The headers of a recorded HTTP request that are the client's own; keys of other systems left out. */
export function clientHeaders(request: RecordedRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())),
  );
}
