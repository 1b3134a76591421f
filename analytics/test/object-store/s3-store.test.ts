import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openS3Store } from "../../src/object-store/s3-store.ts";
import type { S3Settings } from "../../src/object-store/s3-store.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import { collect, describeObjectStore, keysUnder } from "../object-store.contract.ts";
import { FAKE_CREDENTIALS, startS3Fake } from "../s3-fake.ts";
import type { Fault, S3Fake } from "../s3-fake.ts";

describeObjectStore("S3 over HTTP", {
  // More than one request deletes; with these pages three requests list them.
  manyObjects: 1100,
  open: async () => {
    const fake = await startS3Fake({ pageSize: 400 });
    const settings = { ...FAKE_CREDENTIALS, bucket: fake.bucket, endpoint: fake.endpoint };
    const store = openS3Store(settings);
    const sameObjects = openS3Store(settings);
    return {
      store,
      sameObjects,
      close: async () => {
        await store.close();
        await sameObjects.close();
        await fake.close();
      },
    };
  },
});

const body = new TextEncoder().encode("a body of some length");
/** Of a store that is asked what it does when nothing comes; all others wait as long as it takes. */
const REQUEST_TIMEOUT_MS = 200;

describe("S3 store", () => {
  let fake: S3Fake;
  let store: ObjectStore;
  let impatient: ObjectStore;
  beforeEach(async () => {
    fake = await startS3Fake({ pageSize: 3 });
    store = open();
    impatient = open({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  });
  afterEach(async () => {
    await impatient.close();
    await store.close();
    await fake.close();
  });
  const open = (settings: Partial<S3Settings> = {}): ObjectStore =>
    openS3Store({
      ...FAKE_CREDENTIALS,
      bucket: fake.bucket,
      endpoint: fake.endpoint,
      ...settings,
    });

  test("does not take a listing that was cut off for a whole one", async () => {
    const forgetful = await startS3Fake({ pageSize: 2, forgetsContinuation: true });
    const settings = {
      ...FAKE_CREDENTIALS,
      bucket: forgetful.bucket,
      endpoint: forgetful.endpoint,
    };
    const cut = openS3Store(settings);
    await cut.put("a", body);
    await cut.put("b", body);
    expect(await keysUnder(cut, "")).toEqual(["a", "b"]);
    await cut.put("c", body);
    await expect(keysUnder(cut, "")).rejects.toMatchObject({ code: "lake.store_unavailable" });
    await cut.close();
    await forgetful.close();
  });

  const passing: readonly Fault[] = [
    { kind: "status", status: 500, code: "InternalError" },
    { kind: "status", status: 503, code: "SlowDown" },
    { kind: "status", status: 503, code: "ServiceUnavailable" },
    { kind: "status", status: 429, code: "TooManyRequests" },
    { kind: "status", status: 400, code: "RequestTimeout" },
    { kind: "status", status: 403, code: "RequestTimeTooSkewed" },
    { kind: "status", status: 409, code: "ConditionalRequestConflict" },
    { kind: "reset" },
    { kind: "stall" },
    { kind: "late-500" },
    { kind: "late-reset" },
    { kind: "cut-upload" },
  ];
  test.each(passing)(
    "reports $kind $code as unavailable: the call can be made again",
    async (fault) => {
      fake.fail("PUT", fault);
      await expect(impatient.put("a", body, { ifAbsent: true })).rejects.toMatchObject({
        code: "lake.store_unavailable",
        retryable: true,
      });
      const again = await store.put("a", body, { ifAbsent: true });
      expect(again).toBe(fault.kind.startsWith("late-") ? "exists" : "created");
    },
  );

  test.each<Fault>([
    { kind: "status", status: 403, code: "AccessDenied" },
    { kind: "status", status: 403, code: "SignatureDoesNotMatch" },
    { kind: "status", status: 301, code: "PermanentRedirect" },
    { kind: "status", status: 400, code: "InvalidRequest" },
  ])("reports $code as refused: somebody has to change a setting", async (fault) => {
    fake.fail("PUT", fault);
    await expect(store.put("a", body)).rejects.toMatchObject({
      code: "lake.store_refused",
      retryable: false,
      message: expect.stringMatching(/check|set/),
    });
  });

  test.each<Fault>([{ kind: "cut-body" }, { kind: "stall-body" }])(
    "never takes part of an object for the whole ($kind)",
    async (fault) => {
      await store.put("a", body);
      fake.fail("GET", fault);
      await expect(impatient.get("a")).rejects.toMatchObject({ code: "lake.store_unavailable" });
      expect(await store.get("a")).toEqual(Buffer.from(body));
    },
  );

  test("says when a call used up its time", async () => {
    fake.fail("PUT", { kind: "stall" });
    await expect(impatient.put("a", body)).rejects.toMatchObject({
      details: { timedOut: true },
      message: expect.stringContaining(`within ${REQUEST_TIMEOUT_MS} ms`),
    });
  });

  test("ends a call when its signal is aborted, with the signal's reason", async () => {
    fake.fail("GET", { kind: "stall" });
    const abort = new AbortController();
    const reason = new Error("stopping");
    const get = store.get("a", { signal: abort.signal });
    abort.abort(reason);
    await expect(get).rejects.toBe(reason);
  });

  test("refuses a bucket that does not exist and a key that is not known", async () => {
    const elsewhere = open({ bucket: "no-such-bucket" });
    await expect(elsewhere.put("a", body)).rejects.toMatchObject({ code: "lake.store_refused" });
    await expect(elsewhere.get("a")).rejects.toMatchObject({ code: "lake.store_refused" });
    await expect(collect(elsewhere.list(""))).rejects.toMatchObject({ code: "lake.store_refused" });
    const stranger = open({ accessKeyId: "stranger" });
    await expect(stranger.head("a")).rejects.toMatchObject({ code: "lake.store_refused" });
  });

  test("is unavailable when nobody listens", async () => {
    const { endpoint } = fake;
    await fake.close();
    const nobody = openS3Store({ ...FAKE_CREDENTIALS, bucket: "some-bucket", endpoint });
    await expect(nobody.get("a")).rejects.toMatchObject({
      code: "lake.store_unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    fake = await startS3Fake();
  });

  test("puts no secret and no signature into an error", async () => {
    fake.fail("PUT", { kind: "status", status: 403, code: "SignatureDoesNotMatch" });
    const error = await store.put("a", body).catch((thrown: unknown) => thrown);
    const { inspect } = await import("node:util");
    const everything = inspect(error, { depth: 20, showHidden: true });
    expect(everything).not.toContain(FAKE_CREDENTIALS.secretAccessKey);
    expect(everything).not.toContain("AWS4-HMAC-SHA256");
  });

  test("follows a listing over its pages and fails it when a page fails", async () => {
    const keys = ["a", "b", "c", "d", "e", "f", "g"];
    for (const key of keys) await store.put(key, body);
    fake.requests.length = 0;
    expect(await keysUnder(store, "")).toEqual(keys);
    expect(fake.requests).toHaveLength(3);
    fake.fail("GET", { kind: "status", status: 503, code: "SlowDown" });
    await expect(keysUnder(store, "")).rejects.toMatchObject({ code: "lake.store_unavailable" });
  });

  test("deletes at most 1000 objects with a request", async () => {
    await store.delete(Array.from({ length: 1001 }, (_, index) => `k${index}`));
    expect(fake.requests.filter((line) => line.startsWith("POST"))).toHaveLength(2);
  });

  test("reports an object that the server would not delete", async () => {
    await expect(store.delete(["a", "undeletable"])).rejects.toMatchObject({
      code: "lake.store_refused",
      message: expect.stringContaining("undeletable"),
    });
  });
});
