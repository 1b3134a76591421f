import { parseSetCookieHeader } from "better-auth/cookies";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { betterAuth } from "better-auth/minimal";
import { magicLink } from "better-auth/plugins/magic-link";
import { organization } from "better-auth/plugins/organization";
import { sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { accounts } from "../db/schema/accounts.ts";
import { invitations } from "../db/schema/invitations.ts";
import { members } from "../db/schema/members.ts";
import { organizations } from "../db/schema/organizations.ts";
import { sessions } from "../db/schema/sessions.ts";
import { users } from "../db/schema/users.ts";
import { verifications } from "../db/schema/verifications.ts";

export interface SessionOptions {
  readonly db: Database;
  readonly secret: string;
  /** Cookies are for https alone when this is. */
  readonly publicOrigin: string;
  /** May somebody who has no account yet get one? Asked when a token is used, not when it is made. */
  readonly maySignUp: (email: string) => Promise<boolean>;
}

interface SessionUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

export interface SessionCookie {
  readonly name: string;
  readonly value: string;
  /** 0: the browser is to forget it. */
  readonly maxAgeSeconds: number | undefined;
  readonly secure: boolean;
}

export interface FoundSession {
  readonly sessionId: string;
  readonly user: SessionUser;
  /** Not empty when the session was prolonged. */
  readonly cookies: readonly SessionCookie[];
}

/**
 * Sessions and the tokens that begin them. The sign-in library has no address of its own on this server: its functions are
 * called from the console's routes, and nothing else of it can be reached.
 */
export interface Sessions {
  /** Whose session the request carries; undefined when it has none that is valid. */
  find(headers: Headers): Promise<FoundSession | undefined>;
  /** A token that signs the address in, once, within five minutes. Only its hash is stored. */
  issueToken(email: string): Promise<string>;
  /** Begins a session; undefined when the token is not valid (any longer), or the address may not sign up. */
  redeemToken(
    token: string,
    headers: Headers,
  ): Promise<
    { readonly user: SessionUser; readonly cookies: readonly SessionCookie[] } | undefined
  >;
  /** Ends the session of the request; the cookies make the browser forget it. */
  end(headers: Headers): Promise<readonly SessionCookie[]>;
}

const TOKEN_SECONDS = 300;
const SESSION_SECONDS = 7 * 86_400;
/** A session that is used is prolonged once a day, not with every request. */
const PROLONG_AFTER_SECONDS = 86_400;
const COOKIE_PREFIX = "lensai";

const SCHEMA = { accounts, invitations, members, organizations, sessions, users, verifications };

/** What `sendMagicLink` gets the token's receiver through: the library mails nothing by itself. */
interface Delivery {
  readonly deliver: (token: string) => void;
}

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type is what the plugins make of it
function createAuth({ db, secret, publicOrigin, maySignUp }: SessionOptions) {
  return betterAuth({
    baseURL: publicOrigin,
    secret,
    telemetry: { enabled: false },
    logger: { disabled: true },
    database: drizzleAdapter(db, {
      provider: "pg",
      schema: SCHEMA,
      usePlural: true,
      transaction: true,
    }),
    // The console counts attempts itself, in one statement, for each way in.
    rateLimit: { enabled: false },
    session: { expiresIn: SESSION_SECONDS, updateAge: PROLONG_AFTER_SECONDS },
    advanced: {
      cookiePrefix: COOKIE_PREFIX,
      useSecureCookies: publicOrigin.startsWith("https:"),
      // Where somebody signed in from is nobody's business later.
      ipAddress: { disableIpTracking: true },
    },
    databaseHooks: {
      user: {
        create: { before: async ({ email }) => ((await maySignUp(email)) ? undefined : false) },
      },
    },
    plugins: [
      magicLink({
        expiresIn: TOKEN_SECONDS,
        storeToken: "hashed",
        sendMagicLink: ({ token, metadata }) => {
          (metadata as Delivery | undefined)?.deliver(token);
        },
      }),
      // Keeps the tables of members and invitations in the shape that single sign-on will need (ADR-0007).
      organization(),
    ],
  });
}

export function createSessions(options: SessionOptions): Sessions {
  const auth = createAuth(options);
  return {
    find: async (headers) => {
      const answer = await auth.api
        .getSession({ headers, returnHeaders: true })
        .catch(async (failure: unknown) => {
          // The library keeps its reason for itself: where that is the database, this fails with it.
          await options.db.execute(sql`select 1`);
          throw failure;
        });
      if (answer.response === null) return undefined;
      const { session, user } = answer.response;
      return { sessionId: session.id, user, cookies: cookiesOf(answer.headers) };
    },
    issueToken: async (email) => {
      let issued: string | undefined;
      const metadata: Delivery = { deliver: (token) => (issued = token) };
      await auth.api.signInMagicLink({
        body: { email, metadata: { ...metadata } },
        headers: new Headers(),
      });
      if (issued === undefined) throw new Error("the sign-in library made no token");
      return issued;
    },
    redeemToken: async (token, headers) => {
      try {
        const answer = await auth.api.magicLinkVerify({
          query: { token },
          headers,
          returnHeaders: true,
        });
        return { user: answer.response.user, cookies: cookiesOf(answer.headers) };
      } catch (error) {
        if (isRefusal(error)) return undefined;
        throw error;
      }
    },
    end: async (headers) => {
      const answer = await auth.api.signOut({ headers, returnHeaders: true });
      return cookiesOf(answer.headers);
    },
  };
}

/** The library refuses a token with a redirect to an error page. */
function isRefusal(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: unknown };
  return statusCode === 302;
}

function cookiesOf(headers: Headers): SessionCookie[] {
  return headers.getSetCookie().flatMap((header) =>
    Array.from(parseSetCookieHeader(header), ([name, attributes]) => ({
      name,
      value: attributes.value,
      maxAgeSeconds: attributes["max-age"],
      secure: attributes.secure === true,
    })),
  );
}
