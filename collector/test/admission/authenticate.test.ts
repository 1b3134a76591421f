import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import type { ControlKey } from "@lensai/otel-config/control/keys";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { describe, expect, test } from "vitest";
import { Authenticator } from "../../src/admission/authenticate.ts";
import type { Sender } from "../../src/admission/authenticate.ts";
import type { HeaderLookup } from "../../src/admission/presented-keys.ts";
import type { SignedRequest } from "../../src/admission/request-signature.ts";
import { indexSnapshot, sha256Hex } from "../../src/control/index-snapshot.ts";

const BOOTSTRAP_KEY = "bootstrap-key-0123456789";
const BUILT_IN = { bootstrapKey: BOOTSTRAP_KEY, content: "redacted" } as const;

const keyOf = (key: string, more: Partial<ControlKey> = {}): ControlKey => ({
  id: `id-${key}`,
  sha256: sha256Hex(key),
  projectId: "p1",
  scopes: ["ingest"],
  origins: [],
  revoked: false,
  ...more,
});

const snapshotOf = (...keys: ControlKey[]): ControlSnapshot => ({
  formatVersion: CONTROL_SNAPSHOT_VERSION,
  version: 1,
  issuedAt: "2026-01-01T00:00:00Z",
  projects: [{ id: "p1", name: "Shop", content: "off" }],
  keys,
});

const NOW_MS = Date.parse("2026-11-24T00:00:00.000Z");
const nowMs = (): number => NOW_MS;

const request = (header: HeaderLookup): SignedRequest => ({
  method: "POST",
  path: "/v1/traces",
  header,
});

function authenticate(
  headers: Record<string, string>,
  keys: readonly ControlKey[] = [],
  keylessIsAllowed = true,
): Sender {
  const control = indexSnapshot(snapshotOf(...keys), BUILT_IN);
  const authenticator = new Authenticator({ control: () => control, keylessIsAllowed, nowMs });
  return authenticator.authenticate(request((name) => headers[name]));
}

test("a known key sends into its project, under that project's content policy", () => {
  expect(authenticate({ "x-api-key": "k1" }, [keyOf("k1")])).toEqual({
    projectId: "p1",
    apiKeyId: "id-k1",
    signature: undefined,
    content: "off",
    origins: [],
  });
});

test("no key sends into the default project where that is allowed", () => {
  expect(authenticate({})).toMatchObject({ projectId: "default", apiKeyId: undefined });
  expect(() => authenticate({}, [], false)).toThrow(
    expect.objectContaining({ code: "auth.key_missing" }),
  );
});

test("an unknown key is refused even where no key would do", () => {
  expect(() => authenticate({ "x-api-key": "k2" }, [keyOf("k1")])).toThrow(
    expect.objectContaining({ code: "auth.key_invalid" }),
  );
});

test("the first known key of several decides", () => {
  const headers = { authorization: "Bearer other-vendor", "x-api-key": "k1" };
  expect(authenticate(headers, [keyOf("k1")]).apiKeyId).toBe("id-k1");
});

test.each([
  ["revoked", { revoked: true }, "auth.key_revoked"],
  ["past its time", { expiresAt: "2026-11-24T00:00:00.000Z" }, "auth.key_revoked"],
  ["without the scope", { scopes: ["read"] }, "auth.scope_missing"],
] as const)("a key that is %s is refused", (_, more, code) => {
  expect(() => authenticate({ "x-api-key": "k1" }, [keyOf("k1", more)])).toThrow(
    expect.objectContaining({ code }),
  );
});

describe("x-lensai-project", () => {
  test.each(["p1", "Shop"])("may repeat the key's own project as %s", (project) => {
    const headers = { "x-api-key": "k1", "x-lensai-project": project };
    expect(authenticate(headers, [keyOf("k1")]).projectId).toBe("p1");
  });

  test("refuses the key of another project, and any project without a key", () => {
    for (const headers of [{ "x-api-key": "k1" }, {}]) {
      const named = { ...headers, "x-lensai-project": "p2" };
      expect(() => authenticate(named, [keyOf("k1")])).toThrow(
        expect.objectContaining({ code: "auth.scope_missing" }),
      );
    }
  });
});

test("the bootstrap key works until the snapshot says otherwise", () => {
  const headers = { "x-api-key": BOOTSTRAP_KEY };
  expect(authenticate(headers).projectId).toBe("default");
  const revoked = keyOf(BOOTSTRAP_KEY, { revoked: true });
  expect(() => authenticate(headers, [revoked])).toThrow("was revoked");
});

const onlyK1 = request((name) => (name === "x-api-key" ? "k1" : undefined));

test("a key is good until its time comes", () => {
  const expiresAt = new Date(NOW_MS + 1).toISOString();
  expect(authenticate({ "x-api-key": "k1" }, [keyOf("k1", { expiresAt })]).apiKeyId).toBe("id-k1");
});

test("a key that was accepted is refused as soon as a new snapshot revokes it", () => {
  let control = indexSnapshot(snapshotOf(keyOf("k1")), BUILT_IN);
  const authenticator = new Authenticator({
    control: () => control,
    keylessIsAllowed: true,
    nowMs,
  });
  expect(authenticator.authenticate(onlyK1).apiKeyId).toBe("id-k1");
  control = indexSnapshot(snapshotOf(keyOf("k1", { revoked: true })), BUILT_IN);
  expect(() => authenticator.authenticate(onlyK1)).toThrow("was revoked");
});

test("refusals never hold the key", () => {
  expect(() => authenticate({ "x-api-key": "canary" })).not.toThrow("canary");
});

test("an archived project takes nothing, whoever sends and whatever for", () => {
  const keys = [
    keyOf("k1", { scopes: ["ingest", "control"] }),
    keyOf("k2", { projectId: "default" }),
  ];
  const snapshot: ControlSnapshot = {
    ...snapshotOf(...keys),
    projects: [
      { id: "p1", name: "Shop", content: "off", archived: true },
      { id: "default", name: "Default", content: "off" },
    ],
  };
  const control = indexSnapshot(snapshot, BUILT_IN);
  const authenticator = new Authenticator({
    control: () => control,
    keylessIsAllowed: true,
    nowMs,
  });
  const send = (key: string, use: "ingest" | "control"): Sender =>
    authenticator.authenticate(
      request((name) => (name === "x-api-key" ? key : undefined)),
      use,
    );
  for (const use of ["ingest", "control"] as const) {
    expect(() => send("k1", use)).toThrow(
      expect.objectContaining({ code: "auth.project_archived" }) as Error,
    );
  }
  expect(send("k2", "ingest").projectId).toBe("default");
});
