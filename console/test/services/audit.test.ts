import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditExtent } from "@lensai/otel-config/audit/audit-export";
import { AuditExportVerifier, type VerifiedExport } from "@lensai/otel-config/audit/verify-export";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { afterAll, beforeAll, expect, test } from "vitest";
import { organizations } from "#lib/server/db/schema/organizations.ts";
import { exportAudit } from "#lib/server/services/audit/export.ts";
import { ofOrganization, ofProject, WHOLE_LOG } from "#lib/server/services/audit/extent.ts";
import { auditFacets, listAuditEntries } from "#lib/server/services/audit/list.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { createProject } from "#lib/server/services/projects/create-in-organization.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const KEY = keyPairOf(new Uint8Array(32).fill(3));
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const { services } = database;
  for (const projectId of ["shop", "bank"]) {
    await ensureProject(services, { id: projectId, name: projectId }, "ann");
    const stop = { projectId, scope: { team: "a_b" }, reason: "a loop" };
    const { id } = await triggerKillSwitch(services, stop, "ann");
    await releaseKillSwitch(services, { projectId, killSwitchId: id, reason: "fixed" }, "bob");
    const change = { requireSignature: true };
    await updateProject(services, { projectId, expectedVersion: "any", change }, "bob");
  }
});
afterAll(() => database.close());

async function linesOf(extent: AuditExtent): Promise<string[]> {
  const { db } = database;
  const lines: string[] = [];
  const input = { extent, now: new Date("2026-11-24T08:00:00Z"), signingKey: KEY };
  for await (const line of exportAudit(db, input)) lines.push(line.trimEnd());
  return lines;
}

function verify(lines: readonly string[]): VerifiedExport {
  const verifier = new AuditExportVerifier(KEY.keyId);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

test("an export holds without the database: the whole log, and the part of a project", async () => {
  const whole = verify(await linesOf(WHOLE_LOG));
  expect(whole).toMatchObject({ skipped: 0, head: { entries: 8, headSequence: 8 } });
  const lines = await linesOf(ofProject("bank"));
  expect(verify(lines)).toMatchObject({ firstSequence: 5, skipped: 4, head: { entries: 4 } });
  expect(lines.join("\n")).not.toContain("shop");
  expect(verify(await linesOf(ofProject("nowhere"))).head.entries).toBe(0);
});

test("an export of a log that was meddled with does not hold", async () => {
  const lines = await linesOf(ofProject("bank"));
  expect(() => verify(lines.with(2, (lines[2] as string).replace("a loop", "no loop")))).toThrow(
    /entry 6 is not what was written/,
  );
});

test("an organisation's part has what changed in its projects and among its members, and nothing of others", async () => {
  const other = await createTestDatabase();
  const { services, db } = other;
  const at = services.now();
  for (const id of ["acme", "rivals"]) {
    await db.insert(organizations).values({ id, name: id, slug: id, createdAt: at });
    await createProject(services, { organizationId: id, name: `${id} shop` }, "ann");
    const grantor = { organizationId: id, actor: "ann", role: "owner", userId: null } as const;
    const invited = { email: "bob@example.com", role: "viewer", isSentByMail: false } as const;
    await inviteMember(services, invited, grantor);
  }
  const lines: string[] = [];
  const input = { extent: ofOrganization("acme"), now: at, signingKey: KEY };
  for await (const line of exportAudit(db, input)) lines.push(line.trimEnd());
  expect(verify(lines).head).toMatchObject({ entries: 2, projectId: null, organizationId: "acme" });
  expect(lines.join("\n")).not.toContain("rivals");
  const entries = await listAuditEntries(db, {
    extent: ofOrganization("rivals"),
    beforeSequence: undefined,
    limit: 10,
  });
  expect(entries.map(({ action }) => action)).toEqual(["member.invite", "project.create"]);
  await other.close();
});

test("the list is filtered by who and what, where an underscore is an underscore", async () => {
  const { db } = database;
  const list = async (filter: { actor?: string; action?: string }): Promise<string[]> => {
    const input = { extent: ofProject("shop"), beforeSequence: undefined, limit: 10, ...filter };
    return (await listAuditEntries(db, input)).map(({ action }) => action);
  };
  expect(await list({ actor: "bob" })).toEqual(["project.update", "kill_switch.release"]);
  expect(await list({ action: "kill_switch" })).toEqual([
    "kill_switch.release",
    "kill_switch.trigger",
  ]);
  expect(await list({ action: "kill_switch.trigger", actor: "ann" })).toHaveLength(1);
  expect(await list({ action: "kill%switch" })).toEqual([]);
  expect(await auditFacets(db, ofProject("shop"))).toEqual({
    actors: ["ann", "bob"],
    nouns: ["kill_switch", "project"],
  });
});

/** Files that write to the database and no entry, and why there is nothing to tell. */
const NO_ENTRY: Readonly<Record<string, string>> = {
  "alerts/press-button.ts": "remembers that a button was pressed; what it does has its entry",
  "alerts/record-alerts.ts": "tells what happened; the change itself has its entry",
  "ledger/hearing.ts": "when processes were heard",
  "ledger/repair-counters.ts": "counters are derived from leases and spans",
  "ledger/settle-spend.ts": "counters are derived from leases and spans",
  "ledger/settlements.ts": "counters are derived from leases and spans",
  "ledger/stored-ledgers.ts": "counters are derived from leases and spans",
  "receipts/announce.ts": "part of a change that has its entry",
  "receipts/record.ts": "what processes report",
  "snapshot/raise-version.ts": "part of a change that has its entry",
};

test("every service that writes to the database writes an entry, or says why not", () => {
  const folder = join(import.meta.dirname, "../../src/lib/server/services");
  const writing = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => {
    if (!file.endsWith(".ts")) return false;
    const source = readFileSync(join(folder, file), "utf8");
    const isWriting =
      /\b(?:db|transaction)\s*\.(?:insert|update|delete)\(|(?:insert into|update) \w+/.test(source);
    return isWriting && !source.includes("appendAudit(");
  });
  expect(writing.toSorted()).toEqual(Object.keys(NO_ENTRY).toSorted());
});
