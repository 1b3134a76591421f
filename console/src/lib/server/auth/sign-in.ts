import { createHash } from "node:crypto";
import { eq } from "drizzle-orm";
import { users } from "../db/schema/users.ts";
import { logError } from "../log.ts";
import type { Mailer } from "../mail/mailer.ts";
import type { ServiceContext } from "../services/context.ts";
import { admitUser, maySignIn } from "../services/members/admit.ts";
import { findInvitation } from "../services/members/find-invitation.ts";
import type { PeopleSettings } from "../settings.ts";
import { ensureAuthSecret } from "./auth-secret.ts";
import { signInMail } from "./sign-in-mail.ts";
import type { FoundSession, SessionCookie, Sessions } from "./sessions.ts";
import { takeAttempt, type AttemptLimit } from "./take-attempt.ts";

export interface SignInOptions {
  readonly context: ServiceContext;
  readonly people: PeopleSettings;
  readonly mailer: Mailer | undefined;
  /** Tells the operator, at the terminal. */
  readonly say: (line: string) => void;
}

/** Too many attempts. */
interface Limited {
  readonly outcome: "limited";
  readonly retryAfterSeconds: number;
}

type LinkOutcome =
  | Limited
  /** The same for every address. `delivered` settles when the link is on its way, with it; undefined when there is none. */
  | { readonly outcome: "accepted"; readonly delivered: Promise<string | undefined> };

type ConfirmOutcome =
  | Limited
  | { readonly outcome: "signed_in"; readonly cookies: readonly SessionCookie[] }
  | { readonly outcome: "refused" }
  /** The invitation is for somebody with an account, and its link shows nothing about who has it. */
  | { readonly outcome: "sign_in_first"; readonly email: string };

interface LinkRequest {
  readonly email: string;
  /** A path of the console. */
  readonly next: string;
  readonly clientKey: string;
}

interface TokenUse {
  readonly token: string;
  readonly headers: Headers;
  readonly clientKey: string;
}

/** Ways into the console for people, and out of it. */
export interface SignIn {
  find(headers: Headers): Promise<FoundSession | undefined>;
  requestLink(request: LinkRequest): Promise<LinkOutcome>;
  /** Uses the token of a sign-in link. A session that the browser had ends. */
  confirm(use: TokenUse): Promise<ConfirmOutcome>;
  /** Uses the token of an invitation. */
  join(use: TokenUse): Promise<ConfirmOutcome>;
  end(headers: Headers): Promise<readonly SessionCookie[]>;
}

const MINUTES_MS = 60_000;
/** An office behind one address has several people; nobody needs more links than this. */
const LINKS_PER_CLIENT: AttemptLimit = { attemptsMax: 20, windowMs: 15 * MINUTES_MS };
/** Keeps a mailbox from being flooded. */
const LINKS_PER_ADDRESS: AttemptLimit = { attemptsMax: 5, windowMs: 15 * MINUTES_MS };
const TOKENS_PER_CLIENT: AttemptLimit = { attemptsMax: 20, windowMs: 15 * MINUTES_MS };

export function createSignIn(options: SignInOptions): SignIn {
  const { context, people } = options;
  const { ownerEmail, publicOrigin } = people;
  const sessions = lazySessions(options);

  const sendLink = async ({ email, next }: LinkRequest): Promise<string | undefined> => {
    if (!(await maySignIn(context, { email, ownerEmail }))) return undefined;
    const token = await (await sessions()).issueToken(email);
    const link = `${publicOrigin}/sign-in/confirm?${new URLSearchParams({ token, next }).toString()}`;
    await deliverLink(options, email, link);
    return link;
  };

  const admitted = async (
    use: Pick<TokenUse, "token" | "headers">,
    onlyInvitationId?: string,
  ): Promise<ConfirmOutcome> => {
    const { headers, token } = use;
    const begun = await (await sessions()).redeemToken(token, headers);
    if (begun === undefined) return { outcome: "refused" };
    const { user, cookies } = begun;
    if (onlyInvitationId !== undefined) await markUnproven(context, user.id);
    const admission = { userId: user.id, email: user.email, ownerEmail, onlyInvitationId };
    const isMember = (await admitUser(context, admission)) > 0;
    // Whoever was here before in this browser is somebody else now, or the same person with a new session.
    await (await sessions()).end(headers);
    if (isMember) return { outcome: "signed_in", cookies };
    await (await sessions()).end(asRequest(cookies));
    return { outcome: "refused" };
  };

  const join = async ({ token, headers }: TokenUse): Promise<ConfirmOutcome> => {
    const invitation = await findInvitation(context, token);
    if (invitation === undefined) return { outcome: "refused" };
    const { email, id: onlyInvitationId, isSentByMail, hasAccount } = invitation;
    const current = await (await sessions()).find(headers);
    if (current?.user.email === email) {
      await admitUser(context, { userId: current.user.id, email, ownerEmail, onlyInvitationId });
      return { outcome: "signed_in", cookies: current.cookies };
    }
    if (hasAccount && !isSentByMail) return { outcome: "sign_in_first", email };
    const own = await (await sessions()).issueToken(email);
    return admitted({ token: own, headers }, isSentByMail ? undefined : onlyInvitationId);
  };

  return {
    find: async (headers) => (await sessions()).find(headers),
    end: async (headers) => (await sessions()).end(headers),
    requestLink: async (request) => {
      const limited = await limit(context, `link:${request.clientKey}`, LINKS_PER_CLIENT);
      if (limited !== undefined) return limited;
      return {
        outcome: "accepted",
        delivered: unlessFlooded(context, request.email, () => sendLink(request)),
      };
    },
    confirm: async (use) =>
      (await limit(context, `token:${use.clientKey}`, TOKENS_PER_CLIENT)) ?? admitted(use),
    join: async (use) =>
      (await limit(context, `token:${use.clientKey}`, TOKENS_PER_CLIENT)) ?? join(use),
  };
}

/** The library is loaded, and the secret read, when somebody first needs a session: local consoles never do. */
function lazySessions({ context, people }: SignInOptions): () => Promise<Sessions> {
  let pending: Promise<Sessions> | undefined;
  const load = async (): Promise<Sessions> => {
    const { createSessions } = await import("./sessions.ts");
    const { ownerEmail, publicOrigin, authSecret } = people;
    return createSessions({
      db: context.db,
      secret: authSecret ?? (await ensureAuthSecret(context)),
      publicOrigin,
      maySignUp: (email) => maySignIn(context, { email, ownerEmail }),
    });
  };
  return async () => {
    pending ??= load();
    try {
      return await pending;
    } catch (error) {
      // The database was away: the next one who asks tries again.
      pending = undefined;
      throw error;
    }
  };
}

async function limit(
  context: ServiceContext,
  key: string,
  attempts: AttemptLimit,
): Promise<Limited | undefined> {
  const retryAfterSeconds = await takeAttempt(context, key, attempts);
  return retryAfterSeconds === undefined ? undefined : { outcome: "limited", retryAfterSeconds };
}

/** Counted under a hash: the table of attempts holds no addresses. Nobody is told: that would tell what others do. */
async function unlessFlooded<T>(
  context: ServiceContext,
  email: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const hash = createHash("sha256").update(email).digest("base64url");
  const limited = await limit(context, `mail:${hash}`, LINKS_PER_ADDRESS);
  return limited === undefined ? work() : undefined;
}

async function deliverLink(
  { mailer, say }: SignInOptions,
  email: string,
  link: string,
): Promise<void> {
  if (mailer === undefined) say(`Sign-in link, good for five minutes: ${link}`);
  else await mailer.send({ to: email, ...signInMail(link) });
}

/** Logs instead of throwing: for work that nobody waits for, so that its length tells nothing. */
export async function inBackground(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    logError("a sign-in link was not delivered", { error });
  }
}

/** A later link by mail ends every session from before: nothing here has shown that the address is his. */
async function markUnproven({ db }: ServiceContext, userId: string): Promise<void> {
  await db.update(users).set({ emailVerified: false }).where(eq(users.id, userId));
}

function asRequest(cookies: readonly SessionCookie[]): Headers {
  const pairs = cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  return new Headers({ cookie: pairs.join("; ") });
}
