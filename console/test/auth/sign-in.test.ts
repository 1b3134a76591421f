import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { rateLimits } from "#lib/server/db/schema/rate-limits.ts";
import { sessions } from "#lib/server/db/schema/sessions.ts";
import { users } from "#lib/server/db/schema/users.ts";
import { verifications } from "#lib/server/db/schema/verifications.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import type { Grantor } from "#lib/server/services/members/grantor.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import {
  START_TIMEOUT_MS,
  startConsoleServer,
  type ConsoleServer,
} from "../support/console-server.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { linkIn, startMailServer, type MailServer } from "../support/mail-server.ts";

const OWNER = "owner@example.com";
const SESSION = "lensai.session_token";

let mail: MailServer;
let server: ConsoleServer;
let database: DatabaseClient;

beforeAll(async () => {
  const databaseUrl = await createEmptyDatabase();
  mail = await startMailServer();
  server = await startConsoleServer({
    DATABASE_URL: databaseUrl,
    HOST: "0.0.0.0",
    LENSAI_OWNER_EMAIL: OWNER,
    LENSAI_SMTP_URL: mail.url,
    LENSAI_MAIL_FROM: "LensAI <lensai@example.com>",
  });
  database = openDatabase(databaseUrl);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await server.stop();
  await Promise.all([database.close(), mail.stop()]);
});

/** Each test may ask as often as it needs. */
beforeEach(async () => {
  await database.db.delete(rateLimits);
});

/** Asks for a link; answers with the path that it leads to. */
async function mailedLink(browser: Browser, email: string, next = "/"): Promise<string> {
  const before = mail.received.length;
  const asked = await browser.post("/sign-in", { email, next });
  expect(asked.status).toBe(200);
  await expect.poll(() => mail.received.length).toBe(before + 1);
  const received = mail.received[before];
  if (received === undefined) throw new Error("no mail");
  expect(received.to).toEqual([email]);
  return linkIn(received);
}

const confirm = (browser: Browser, link: string): Promise<Response> => {
  const { searchParams } = new URL(link);
  return browser.post("/sign-in/confirm", Object.fromEntries(searchParams));
};

async function signedIn(email = OWNER): Promise<Browser> {
  const browser = openBrowser(server.url);
  const answer = await confirm(browser, await mailedLink(browser, email));
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  return browser;
}

test("leads to the sign-in, and back to where somebody wanted to go", async () => {
  const browser = openBrowser(server.url);
  const refused = await browser.get("/projects/default/sources?range=7d");
  expect(refused.status).toBe(303);
  const location = refused.headers.get("location") ?? "";
  expect(location).toBe("/sign-in?next=%2Fprojects%2Fdefault%2Fsources%3Frange%3D7d");
  const page = await (await browser.get(location)).text();
  expect(page).toContain('name="next" value="/projects/default/sources?range=7d"');
  const link = await mailedLink(browser, OWNER, "/projects/default/sources?range=7d");
  // The way of a link is the configured origin, whatever the request named.
  expect(link.startsWith(`http://localhost:${new URL(server.url).port}/sign-in/confirm?`)).toBe(
    true,
  );
  expect((await browser.get(new URL(link).pathname + new URL(link).search)).status).toBe(200);
  const answer = await confirm(browser, link);
  expect(answer.headers.get("location")).toBe("/projects/default/sources?range=7d");
  expect((await browser.get("/projects/default/sources")).status).toBe(200);
});

test("the owner of the settings becomes one, in the log without the address", async () => {
  await signedIn();
  const [owner] = await database.db
    .select({ role: members.role, id: users.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(users.email, OWNER));
  expect(owner?.role).toBe("owner");
  const entries = await database.db.select().from(auditEntries);
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "member.join",
      actor: "settings",
      subjectId: `user:${owner?.id}`,
    }),
  );
  expect(JSON.stringify(entries)).not.toContain("@");
  expect(server.output()).not.toContain("@example.com");
});

test("the session is a cookie that scripts and other sites have no use of", async () => {
  const browser = openBrowser(server.url);
  const answer = await confirm(browser, await mailedLink(browser, OWNER));
  const header = answer.headers.getSetCookie().find((text) => text.startsWith(SESSION));
  expect(header).toMatch(/HttpOnly/i);
  expect(header).toMatch(/SameSite=Lax/i);
  expect(header).toMatch(/Max-Age=604800/i);
  expect(header).toMatch(/Path=\//i);
});

test("a link works once, and opening it uses nothing", async () => {
  const browser = openBrowser(server.url);
  const link = await mailedLink(browser, OWNER);
  for (const reader of ["scanner", "person"]) {
    const opened = await openBrowser(server.url).get(new URL(link).pathname + new URL(link).search);
    expect([reader, opened.status, opened.headers.get("cache-control")]).toEqual([
      reader,
      200,
      "no-store",
    ]);
  }
  expect((await confirm(browser, link)).status).toBe(303);
  const replayed = await confirm(openBrowser(server.url), link);
  expect(replayed.status).toBe(400);
  expect(replayed.headers.getSetCookie()).toEqual([]);
});

test("one of two who use a link at the same time gets in", async () => {
  const link = await mailedLink(openBrowser(server.url), OWNER);
  const uses = Array.from({ length: 4 }, () => confirm(openBrowser(server.url), link));
  const statuses = (await Promise.all(uses)).map(({ status }) => status);
  expect(statuses.toSorted((one, other) => one - other)).toEqual([303, 400, 400, 400]);
});

test("refuses a link that is too old, and tokens that were never made", async () => {
  const browser = openBrowser(server.url);
  const link = await mailedLink(browser, OWNER);
  await database.db.update(verifications).set({ expiresAt: new Date(Date.now() - 1000) });
  expect((await confirm(browser, link)).status).toBe(400);
  for (const token of ["", "x".repeat(32), "'; drop table users; --", "x".repeat(10_000)]) {
    expect((await browser.post("/sign-in/confirm", { token })).status).toBe(400);
  }
  expect(browser.cookies.size).toBe(0);
});

/** Without what differs with every answer. */
const textOf = async (answer: Response): Promise<string> =>
  (await answer.text()).replaceAll(/nonce-[\w+/=-]+|nonce="[^"]*"|__sveltekit_\w+/g, "");

test("answers the same for an address that nobody knows, and sends it nothing", async () => {
  const browser = openBrowser(server.url);
  const before = mail.received.length;
  const stranger = await browser.post("/sign-in", { email: "stranger@example.com" });
  const known = await browser.post("/sign-in", { email: OWNER });
  expect([stranger.status, await textOf(stranger)]).toEqual([known.status, await textOf(known)]);
  await expect.poll(() => mail.received.length).toBe(before + 1);
  expect(mail.received.flatMap(({ to }) => to)).not.toContain("stranger@example.com");
  const stored = await database.db
    .select()
    .from(users)
    .where(eq(users.email, "stranger@example.com"));
  expect(stored).toEqual([]);
});

test.each(["", "ada", "ada@", "a@b.com, c@d.com", `${"a".repeat(250)}@b.com`])(
  "refuses %j as an address, on the page",
  async (email) => {
    const answer = await openBrowser(server.url).post("/sign-in", { email });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("Enter one e-mail address.");
  },
);

test("addresses that differ in case are one person", async () => {
  const browser = openBrowser(server.url);
  await mailedLink(browser, OWNER);
  const before = mail.received.length;
  await browser.post("/sign-in", { email: "Owner@Example.COM" });
  await expect.poll(() => mail.received.length).toBe(before + 1);
  expect((await confirm(browser, linkIn(mail.received[before]!))).status).toBe(303);
  expect(await database.db.$count(users)).toBe(1);
});

test("never leads to another site", async () => {
  for (const next of [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
  ]) {
    const browser = openBrowser(server.url);
    const answer = await confirm(
      browser,
      await mailedLink(browser, OWNER, next).then((link) => {
        const forged = new URL(link);
        forged.searchParams.set("next", next);
        return forged.href;
      }),
    );
    await database.db.delete(rateLimits);
    expect(answer.headers.get("location")).toBe("/");
  }
});

test("refuses sessions that are forged, unsigned, ended or too old", async () => {
  const browser = await signedIn();
  const cookie = decodeURIComponent(browser.cookies.get(SESSION) ?? "");
  const [token = "", signature = ""] = cookie.split(".");
  const ask = async (value: string): Promise<number> => {
    const other = openBrowser(server.url);
    other.setCookie(SESSION, encodeURIComponent(value));
    return (await other.get("/projects/default/sources")).status;
  };
  expect(await ask(cookie)).toBe(200);
  const forgeries = [
    token,
    `${token}.`,
    `${token}.AAAA`,
    `x${token}.${signature}`,
    `.${signature}`,
    "%",
    "",
  ];
  for (const forgery of forgeries) expect([forgery, await ask(forgery)]).toEqual([forgery, 303]);
  await database.db
    .update(sessions)
    .set({ expiresAt: new Date(Date.now() - 1000) })
    .where(eq(sessions.token, token));
  expect(await ask(cookie)).toBe(303);
});

test("a session that was planted before the sign-in is not the one after it", async () => {
  const victim = openBrowser(server.url);
  victim.setCookie(SESSION, "planted.by-somebody-else");
  await confirm(victim, await mailedLink(victim, OWNER));
  expect(victim.cookies.get(SESSION)).not.toContain("planted");
  const attacker = openBrowser(server.url);
  attacker.setCookie(SESSION, "planted.by-somebody-else");
  expect((await attacker.get("/projects/default/sources")).status).toBe(303);
  // Neither does a session that was valid before go on beside the new one.
  const before = victim.cookies.get(SESSION) ?? "";
  await confirm(victim, await mailedLink(openBrowser(server.url), OWNER));
  const old = openBrowser(server.url);
  old.setCookie(SESSION, before);
  expect((await old.get("/projects/default/sources")).status).toBe(303);
  expect((await victim.get("/projects/default/sources")).status).toBe(200);
});

test("signing out ends the session at the server, too", async () => {
  const browser = await signedIn();
  const cookie = browser.cookies.get(SESSION) ?? "";
  const out = await browser.post("/sign-out", {});
  expect([out.status, out.headers.get("location")]).toEqual([303, "/sign-in?ended"]);
  expect(browser.cookies.has(SESSION)).toBe(false);
  const thief = openBrowser(server.url);
  thief.setCookie(SESSION, cookie);
  expect((await thief.get("/projects/default/sources")).status).toBe(303);
});

test("pages of other sites change nothing, whoever is signed in", async () => {
  const browser = await signedIn();
  const crossSite = { origin: "https://evil.example" };
  const forms: [string, Record<string, string>][] = [
    ["/sign-out", {}],
    ["/sign-in", { email: OWNER }],
    ["/sign-in/confirm", { token: "x" }],
    ["/organizations/default/members?/invite", { email: "eve@example.com", role: "owner" }],
    ["/projects/default/control?/trigger", { reason: "a forged stop" }],
  ];
  for (const [path, fields] of forms) {
    const answer = await browser.post(path, fields, crossSite);
    expect([path, answer.status]).toEqual([path, 403]);
    expect((await browser.post(path, fields, { origin: "null" })).status).toBe(403);
  }
  expect((await browser.get("/projects/default/sources")).status).toBe(200);
});

test("limits how many links one address gets, and tells nobody", async () => {
  const browser = openBrowser(server.url);
  const before = mail.received.length;
  for (let n = 0; n < 8; n += 1) {
    expect((await browser.post("/sign-in", { email: OWNER })).status).toBe(200);
  }
  await expect.poll(() => mail.received.length).toBe(before + 5);
  const rows = await database.db.select().from(rateLimits);
  expect(JSON.stringify(rows)).not.toContain("@");
});

test("limits how often one client may ask and try, and says for how long", async () => {
  const browser = openBrowser(server.url);
  await database.db.execute(
    sql`insert into rate_limits (id, key, count, last_request) select k, k, 20, ${Date.now()} from unnest(array['link:127.0.0.1', 'token:127.0.0.1']) k`,
  );
  const asked = await browser.post("/sign-in", { email: OWNER });
  expect(asked.status).toBe(429);
  expect(await asked.text()).toContain("Try again in 15 min.");
  expect((await browser.post("/sign-in/confirm", { token: "x" })).status).toBe(429);
  expect((await browser.post("/join", { token: "x" })).status).toBe(429);
});

test("programs without a key get a problem, not a page", async () => {
  const answer = await fetch(`${server.url}/projects/default/live`);
  expect(answer.status).toBe(401);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toMatchObject({ code: "auth.session_missing" });
  const posted = await openBrowser(server.url).post("/projects/default/control?/trigger", {});
  expect(posted.status).toBe(401);
});

test("shows what is public without a sign-in, and names no project there", async () => {
  const browser = openBrowser(server.url);
  for (const path of ["/docs/accounts", "/healthz", "/readyz"]) {
    expect([path, (await browser.get(path)).status]).toEqual([path, 200]);
  }
  expect(await (await browser.get("/docs/accounts")).text()).not.toContain("/projects/default");
  expect((await browser.get("/internal/control")).status).toBe(401);
});

test("the library behind the sessions has no address of its own", async () => {
  const browser = await signedIn();
  const paths = [
    "get-session",
    "sign-in/magic-link",
    "organization/list",
    "sign-up/email",
    "error",
  ];
  for (const path of paths) {
    for (const answer of [
      await browser.get(`/api/auth/${path}`),
      await browser.post(`/api/auth/${path}`, {}),
    ]) {
      expect([path, answer.status]).toEqual([path, 404]);
    }
  }
});

const grantor = (actor = "local"): Grantor => ({
  organizationId: "default",
  actor,
  role: "owner",
  userId: null,
});

const invite = async (email: string, isSentByMail: boolean): Promise<string> => {
  const context = {
    db: database.db,
    now: () => new Date(),
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  };
  const input = { email, role: "viewer" as const, isSentByMail };
  const invited = await inviteMember(context, input, grantor());
  if (invited.outcome !== "invited") throw new Error(invited.outcome);
  return invited.token;
};

test("an invitation opens the console to the invited, once", async () => {
  const owner = await signedIn();
  const before = mail.received.length;
  const page = "/organizations/default/members";
  const fields = { email: "ada@example.com", role: "viewer" };
  expect((await owner.post(`${page}?/invite`, fields)).status).toBe(200);
  await expect.poll(() => mail.received.length).toBe(before + 1);
  const token = new URL(linkIn(mail.received[before]!)).searchParams.get("token") ?? "";
  const ada = openBrowser(server.url);
  expect(await (await ada.get(`/join?token=${token}`)).text()).toContain("ada@example.com");
  const joined = await ada.post("/join", { token });
  expect([joined.status, joined.headers.get("location")]).toEqual([303, "/"]);
  expect((await ada.get("/projects/default/sources")).status).toBe(200);
  // What her role does not have is refused, and the page does not offer it.
  expect((await ada.post(`${page}?/invite`, fields)).status).toBe(403);
  expect((await ada.post("/projects/default/control?/trigger", { reason: "a loop" })).status).toBe(
    403,
  );
  expect(await (await ada.get(page)).text()).not.toContain("?/invite");
  expect((await openBrowser(server.url).post("/join", { token })).status).toBe(400);
  const used = await openBrowser(server.url).get(`/join?token=${token}`);
  expect(await used.text()).toContain("This invitation was used");
});

test("the link of an invitation does not open the account of somebody who has one", async () => {
  await signedIn("ada@example.com");
  await database.db.execute(
    sql`insert into organizations (id, name, slug, created_at) values ('acme', 'Acme', 'acme', now())`,
  );
  const context = {
    db: database.db,
    now: () => new Date(),
    randomBytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
  };
  const invited = await inviteMember(
    context,
    { email: "ada@example.com", role: "viewer", isSentByMail: false },
    { organizationId: "acme", actor: "local", role: "owner", userId: null },
  );
  if (invited.outcome !== "invited") throw new Error(invited.outcome);
  const inviter = openBrowser(server.url);
  const answer = await inviter.post("/join", { token: invited.token });
  expect(answer.headers.get("location")).toBe("/sign-in?email=ada%40example.com");
  expect(inviter.cookies.size).toBe(0);
  // Signed in by mail, she has accepted it.
  const ada = await signedIn("ada@example.com");
  expect((await ada.get("/organizations/acme/members")).status).toBe(200);
});

test("whoever joined by a link that was handed over is out when the address signs in by mail", async () => {
  const token = await invite("bob@example.com", false);
  const inviter = openBrowser(server.url);
  expect((await inviter.post("/join", { token })).status).toBe(303);
  expect((await inviter.get("/projects/default/sources")).status).toBe(200);
  const bob = await signedIn("bob@example.com");
  expect((await bob.get("/projects/default/sources")).status).toBe(200);
  expect((await inviter.get("/projects/default/sources")).status).toBe(303);
});

test("an invitation that was taken back or is too old opens nothing", async () => {
  const token = await invite("carl@example.com", true);
  await database.db.execute(
    sql`update invitations set expires_at = now() - interval '1 second' where email = 'carl@example.com'`,
  );
  expect((await openBrowser(server.url).post("/join", { token })).status).toBe(400);
  const before = mail.received.length;
  const browser = openBrowser(server.url);
  await browser.post("/sign-in", { email: "carl@example.com" });
  await mailedLink(browser, OWNER);
  expect(mail.received.slice(before).flatMap(({ to }) => to)).toEqual([OWNER]);
});

test("whoever is removed sees nothing from the next request on", async () => {
  const token = await invite("dora@example.com", true);
  const dora = openBrowser(server.url);
  await dora.post("/join", { token });
  expect((await dora.get("/projects/default/sources")).status).toBe(200);
  const [row] = await database.db.select().from(users).where(eq(users.email, "dora@example.com"));
  const owner = await signedIn();
  const removed = await owner.post("/organizations/default/members?/remove", {
    userId: row?.id ?? "",
  });
  expect(removed.status).toBe(200);
  expect((await dora.get("/projects/default/sources")).status).toBe(404);
  expect((await dora.get("/organizations/default/members")).status).toBe(404);
});
