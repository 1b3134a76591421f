import { afterAll, beforeAll, expect, test } from "vitest";
import { freshNonce, secretOf, signedHeaders } from "../admission/sign.ts";
import { tracesProtobuf } from "./harness.ts";
import type { TestRequest } from "./harness.ts";
import { isStoredAnywhere, startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

const secret = secretOf("sig_1");
let collector: LandedCollector;

beforeAll(async () => {
  collector = await startLandedCollector({ signingSecrets: [secret] });
});
afterAll(() => collector.stop());

const signed = (body: Buffer, nonce = freshNonce()): TestRequest => ({
  headers: signedHeaders({ secret, body, nonce }),
  body,
});

test("a retry with the same spans and a new nonce lands once, after a restart too", async () => {
  const body = tracesProtobuf();
  const rows = await collector.land(signed(body), signed(body));
  expect(rows).toMatchObject([{ project_id: "signed", api_key_id: "sig_1" }]);
  await collector.restart();
  expect(await collector.land(signed(body))).toEqual([]);
});

test("the same spans in another body land once", async () => {
  const spanId = Buffer.from("00f067aa0ba902b7", "hex");
  const bodies = [tracesProtobuf({ spanId }), tracesProtobuf({ spanId, attributes: [] })];
  const padded = Buffer.concat([bodies[1] as Buffer, Buffer.from([0x7a, 0])]);
  expect(await collector.land(signed(bodies[0] as Buffer), signed(padded))).toHaveLength(1);
});

test("nothing on disk holds a nonce, and only the control snapshot the secret", async () => {
  const nonce = freshNonce();
  await collector.land(signed(tracesProtobuf({ name: "another" }), nonce));
  expect(await isStoredAnywhere(collector.dataDir, nonce)).toBe(false);
  expect(await isStoredAnywhere(`${collector.dataDir}/lake`, secret.secret)).toBe(false);
  expect(await isStoredAnywhere(`${collector.dataDir}/wal`, secret.secret)).toBe(false);
});
