import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * The part of S3 that the lake uses, in memory, over real HTTP. Its rules are those that the same contract
 * suite finds on a real server (`test:s3`). Faults are injected per request.
 */
export type Fault =
  /** Answers with this status and code; nothing is done. */
  | { readonly kind: "status"; readonly status: number; readonly code: string }
  /** Does the work, then answers 500. */
  | { readonly kind: "late-500" }
  /** Does the work, then cuts the connection instead of answering. */
  | { readonly kind: "late-reset" }
  /** Does the work after a while and answers then, whether or not the client has gone meanwhile. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /** Never answers and does nothing; says when the client has closed the connection. */
  | { readonly kind: "stall"; readonly onClientGone?: () => void }
  /** Sends the headers and half the body, then nothing. */
  | { readonly kind: "stall-body" }
  /** Cuts the connection before an answer. */
  | { readonly kind: "reset" }
  /** Cuts the connection when half of the request's body has come in; nothing is done. */
  | { readonly kind: "cut-upload" }
  /** Sends half of the announced body and cuts the connection. */
  | { readonly kind: "cut-body" };

export interface S3FakeOptions {
  /** How the server takes `If-None-Match: *`. */
  readonly ifNoneMatch?: "honoured" | "ignored" | "unsupported";
  readonly pageSize?: number;
  /** Says that a listing is cut off, and not where it goes on. */
  readonly forgetsContinuation?: boolean;
  /** Asked about every request for which `fail` has named no fault. */
  readonly nextFault?: (method: string) => Fault | undefined;
}

export interface S3Fake {
  readonly endpoint: string;
  readonly bucket: string;
  /** Method and key or query of every request so far. */
  readonly requests: string[];
  readonly objects: Map<string, { body: Buffer; modifiedAt: Date }>;
  /** How many of the requests that were carried out had a status as their result. */
  readonly statusCounts: ReadonlyMap<number, number>;
  /** The next requests that match `method` meet these faults, in order. */
  fail(method: string, ...faults: Fault[]): void;
  close(): Promise<void>;
}

export const FAKE_CREDENTIALS = {
  accessKeyId: "fake-key-id",
  secretAccessKey: "fake-secret",
} as const;
const BUCKET = "lake-bucket";
const MAX_KEYS_PER_DELETE = 1000;

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

interface Call {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

export async function startS3Fake(options: S3FakeOptions = {}): Promise<S3Fake> {
  const objects: S3Fake["objects"] = new Map();
  const requests: string[] = [];
  const faults: { method: string; fault: Fault }[] = [];
  const statusCounts = new Map<number, number>();
  const server = createServer((request, response) => {
    void respond(request, response);
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const method = request.method ?? "";
    const path = decodeURIComponent(url.pathname);
    requests.push(`${method} ${path}`);
    const at = faults.findIndex((entry) => entry.method === method);
    const fault = at === -1 ? options.nextFault?.(method) : faults.splice(at, 1)[0]?.fault;
    if (fault?.kind === "cut-upload") return await cutUpload(request);
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return; // the client has gone: half a body is no request
    const [, bucket = "", ...rest] = path.split("/");
    const call: Call = { method, key: rest.join("/"), query: url.searchParams, request, body };
    const perform = (): Answer => {
      const answer = refusal(call, bucket) ?? answerTo(call, objects, options);
      statusCounts.set(answer.status, (statusCounts.get(answer.status) ?? 0) + 1);
      return answer;
    };
    if (fault === undefined) send(response, perform(), method === "HEAD");
    else sendFault(response, fault, perform);
  }

  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    requests,
    objects,
    statusCounts,
    fail: (method, ...next) => {
      faults.push(...next.map((fault) => ({ method, fault })));
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}

function refusal({ request, body }: Call, bucket: string): Answer | undefined {
  const authorization = request.headers.authorization ?? "";
  if (!authorization.startsWith("AWS4-HMAC-SHA256 ")) return errorAnswer(403, "AccessDenied");
  if (!authorization.includes(`Credential=${FAKE_CREDENTIALS.accessKeyId}/`)) {
    return errorAnswer(403, "InvalidAccessKeyId");
  }
  const announced = request.headers["x-amz-content-sha256"];
  if (
    announced !== "UNSIGNED-PAYLOAD" &&
    announced !== createHash("sha256").update(body).digest("hex")
  ) {
    return errorAnswer(400, "XAmzContentSHA256Mismatch");
  }
  return bucket === BUCKET ? undefined : errorAnswer(404, "NoSuchBucket");
}

function answerTo(call: Call, objects: S3Fake["objects"], options: S3FakeOptions): Answer {
  const { method, key, query } = call;
  if (method === "POST" && query.has("delete")) return deleteObjects(call, objects);
  if (method === "GET" && key === "" && query.get("list-type") === "2") {
    return listObjects(query, objects, options);
  }
  if (key === "") return errorAnswer(501, "NotImplemented");
  if (method === "PUT") return putObject(call, objects, options.ifNoneMatch ?? "honoured");
  if (method === "GET" || method === "HEAD") return getObject(call, objects);
  return errorAnswer(501, "NotImplemented");
}

function putObject(
  { key, request, body }: Call,
  objects: S3Fake["objects"],
  ifNoneMatch: NonNullable<S3FakeOptions["ifNoneMatch"]>,
): Answer {
  if (request.headers["content-encoding"]?.includes("aws-chunked") === true) {
    return errorAnswer(501, "NotImplemented");
  }
  if (request.headers["if-none-match"] === "*") {
    if (ifNoneMatch === "unsupported") return errorAnswer(501, "NotImplemented");
    if (ifNoneMatch === "honoured" && objects.has(key))
      return errorAnswer(412, "PreconditionFailed");
  }
  objects.set(key, { body, modifiedAt: new Date() });
  return { status: 200, headers: { etag: etagOf(body) } };
}

function getObject({ key, request }: Call, objects: S3Fake["objects"]): Answer {
  const object = objects.get(key);
  if (object === undefined) return errorAnswer(404, "NoSuchKey");
  const headers = { etag: etagOf(object.body), "last-modified": object.modifiedAt.toUTCString() };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null) return { status: 200, headers, body: object.body };
  const from = Number(range[1]);
  if (from >= object.body.length) return errorAnswer(416, "InvalidRange");
  const to = Math.min(range[2] === "" ? Infinity : Number(range[2]), object.body.length - 1);
  const contentRange = `bytes ${from}-${to}/${object.body.length}`;
  return {
    status: 206,
    headers: { ...headers, "content-range": contentRange },
    body: object.body.subarray(from, to + 1),
  };
}

function listObjects(
  query: URLSearchParams,
  objects: S3Fake["objects"],
  { pageSize = 1000, forgetsContinuation = false }: S3FakeOptions,
): Answer {
  const token = query.get("continuation-token");
  const after = Buffer.from(
    token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url"),
  );
  const prefix = query.get("prefix") ?? "";
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), after) > 0)
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const page = keys.slice(0, pageSize);
  const contents = page.map((key) => {
    const object = objects.get(key);
    return `<Contents><Key>${xml(key)}</Key><Size>${object?.body.length}</Size><LastModified>${object?.modifiedAt.toISOString()}</LastModified></Contents>`;
  });
  const isTruncated = keys.length > page.length;
  const next =
    isTruncated && !forgetsContinuation
      ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? "").toString("base64url")}</NextContinuationToken>`
      : "";
  return {
    status: 200,
    body: `<?xml version="1.0"?><ListBucketResult><Name>${BUCKET}</Name><KeyCount>${page.length}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
  };
}

function deleteObjects({ body }: Call, objects: S3Fake["objects"]): Answer {
  const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) =>
    unxml(key),
  );
  if (keys.length === 0 || keys.length > MAX_KEYS_PER_DELETE)
    return errorAnswer(400, "MalformedXML");
  const denied = keys.filter((key) => key.includes("undeletable"));
  for (const key of keys) if (!denied.includes(key)) objects.delete(key);
  const errors = denied.map(
    (key) => `<Error><Key>${xml(key)}</Key><Code>AccessDenied</Code></Error>`,
  );
  return {
    status: 200,
    body: `<?xml version="1.0"?><DeleteResult>${errors.join("")}</DeleteResult>`,
  };
}

function errorAnswer(status: number, code: string): Answer {
  return {
    status,
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  };
}

function send(response: ServerResponse, answer: Answer, isHead = false): void {
  const body = Buffer.from(answer.body ?? "");
  const isXml = typeof answer.body === "string";
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": body.length,
    ...(isXml ? { "content-type": "application/xml" } : {}),
  });
  response.end(isHead ? undefined : body);
}

function sendFault(
  response: ServerResponse,
  fault: Exclude<Fault, { kind: "cut-upload" }>,
  perform: () => Answer,
): void {
  switch (fault.kind) {
    case "stall":
      if (fault.onClientGone !== undefined) response.once("close", fault.onClientGone);
      return;
    case "delay":
      setTimeout(() => send(response, perform()), fault.delayMs);
      return;
    case "late-reset":
      perform();
      response.socket?.destroy();
      return;
    case "reset":
      response.socket?.destroy();
      return;
    case "status":
      send(response, errorAnswer(fault.status, fault.code));
      return;
    case "late-500":
      perform();
      send(response, errorAnswer(500, "InternalError"));
      return;
    case "stall-body":
    case "cut-body":
      sendHalf(response, perform(), fault.kind === "cut-body");
  }
}

async function cutUpload(request: IncomingMessage): Promise<void> {
  const { socket } = request; // no longer there when the request has ended
  const halfBytes = Number(request.headers["content-length"] ?? 0) / 2;
  let receivedBytes = 0;
  try {
    for await (const chunk of request) {
      receivedBytes += (chunk as Buffer).length;
      if (receivedBytes >= halfBytes) break;
    }
  } catch {
    // the client has gone already
  }
  socket.destroy();
}

function sendHalf(response: ServerResponse, answer: Answer, cut: boolean): void {
  const body = Buffer.from(answer.body ?? "");
  response.writeHead(answer.status, { ...answer.headers, "content-length": body.length });
  response.write(body.subarray(0, body.length / 2), () => {
    if (cut) response.socket?.destroy();
  });
}

function etagOf(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

const ENTITIES: readonly (readonly [string, string])[] = [
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
];

function xml(value: string): string {
  return ENTITIES.reduce((escaped, [raw, entity]) => escaped.replaceAll(raw, entity), value);
}

function unxml(value: string): string {
  return ENTITIES.toReversed().reduce(
    (plain, [raw, entity]) => plain.replaceAll(entity, raw),
    value,
  );
}
