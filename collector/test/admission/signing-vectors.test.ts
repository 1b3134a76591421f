import { readFileSync } from "node:fs";
import type { LensError } from "@lensai/otel-config/errors";
import { afterEach, expect, test } from "vitest";
import { requireDigest, verifySignature } from "../../src/admission/request-signature.ts";
import { indexSnapshot } from "../../src/control/index-snapshot.ts";
import type { IngestRequest, IngestResult } from "../../src/pipeline/ingest.ts";
import { call } from "../conformance/grpc-call.ts";
import { RecordingPipeline, startCollector } from "../conformance/harness.ts";
import type { TestCollector } from "../conformance/harness.ts";
import type { SnapshotSections } from "../control/snapshot-server.ts";

/** The vectors that any signer and receiver is measured by, sent over sockets to a whole collector. */

interface Vector {
  readonly name: string;
  readonly problem?: string;
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly contentDigest?: string;
  readonly signatureInput?: string;
  readonly signature?: string;
  readonly bodyBase64: string;
  readonly nowSeconds: number;
}

interface SignedVector extends Vector {
  readonly secretBase64: string;
  readonly keyId: string;
  readonly created: number;
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../otel-config/vectors/signing.json", import.meta.url), "utf8"),
) as { signed: SignedVector[]; accepted: Vector[]; refused: Vector[] };
const known = vectors.signed[0] as SignedVector;

const running: TestCollector[] = [];
afterEach(async () => {
  for (const collector of running.splice(0)) await collector.stop();
});

/** Bodies of vectors are bytes like any other: what counts is that they arrived. */
class AnyBody extends RecordingPipeline {
  override ingest(request: IngestRequest): Promise<IngestResult> {
    this.requests.push(request);
    return Promise.resolve({ accepted: 1, rejected: 0, message: undefined });
  }
}

const sectionsOf = ({ keyId, secretBase64 }: SignedVector): SnapshotSections => ({
  signingSecrets: [
    {
      id: keyId,
      projectId: "signed",
      secret: Buffer.from(secretBase64, "base64").toString("base64url"),
    },
  ],
});

const bodyOf = ({ bodyBase64 }: Vector): Buffer => Buffer.from(bodyBase64, "base64");

const headersOf = (vector: Vector): Record<string, string> => ({
  ...(vector.contentType !== undefined && { "content-type": vector.contentType }),
  ...(vector.contentDigest !== undefined && { "content-digest": vector.contentDigest }),
  ...(vector.signatureInput !== undefined && { "signature-input": vector.signatureInput }),
  ...(vector.signature !== undefined && { signature: vector.signature }),
  ...(bodyOf(vector)[0] === 0x1f && { "content-encoding": "gzip" }),
});

async function start(secret: SignedVector, nowSeconds: number): Promise<[TestCollector, AnyBody]> {
  const pipeline = new AnyBody();
  const nowMs = (): number => nowSeconds * 1000;
  const collector = await startCollector({ sections: sectionsOf(secret), pipeline, nowMs });
  running.push(collector);
  return [collector, pipeline];
}

const isGrpc = ({ path }: Vector): boolean => path.endsWith("/Export");

/** The HTTP status; of a call over gRPC its status. */
async function statusAnswered(collector: TestCollector, vector: Vector): Promise<number> {
  const { method, path } = vector;
  const [headers, body] = [headersOf(vector), bodyOf(vector)];
  if (isGrpc(vector)) return (await call(collector, { message: body, headers })).status;
  return (await collector.send({ method, path, headers, body })).status;
}

test.each(vectors.signed)("takes what is signed so: $name", async (vector) => {
  const [collector, pipeline] = await start(vector, vector.created);
  expect(await statusAnswered(collector, vector)).toBe(isGrpc(vector) ? 0 : 200);
  expect(pipeline.requests).toMatchObject([{ projectId: "signed", apiKeyId: vector.keyId }]);
});

test.each(vectors.accepted)("takes: $name", async (vector) => {
  const [collector, pipeline] = await start(known, vector.nowSeconds);
  expect(await statusAnswered(collector, vector)).toBe(200);
  expect(pipeline.requests).toHaveLength(1);
});

test.each(vectors.refused)("refuses with $problem: $name", async (vector) => {
  expect(problemOf(vector)).toBe(vector.problem);
  const [collector, pipeline] = await start(known, vector.nowSeconds);
  // OTLP has no other method than POST; whoever sends another one learns that first.
  expect(await statusAnswered(collector, vector)).toBe(vector.method === "POST" ? 401 : 405);
  expect(pipeline.requests).toEqual([]);
});

function problemOf(vector: Vector): string | undefined {
  const { method, path, nowSeconds } = vector;
  const headers = headersOf(vector);
  const sections = { projects: [], keys: [], issuedAt: "", ...sectionsOf(known) };
  const control = indexSnapshot(
    { formatVersion: 1, version: 1, ...sections },
    { bootstrapKey: undefined, content: "redacted" },
  );
  try {
    const request = { method, path, header: (name: string) => headers[name] };
    const { signature } = verifySignature(request, control, nowSeconds * 1000);
    requireDigest(signature, bodyOf(vector));
    return undefined;
  } catch (error) {
    return String((error as LensError).details["problem"]);
  }
}
