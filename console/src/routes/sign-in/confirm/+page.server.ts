import { fail, redirect } from "@sveltejs/kit";
import { clientKey } from "#lib/server/auth/client-key.ts";
import { nextPath } from "#lib/server/auth/next-path.ts";
import { setSessionCookies } from "#lib/server/auth/set-cookies.ts";
import type { Actions, PageServerLoad } from "./$types";

/** Opening the link uses nothing: mail scanners open links, too. The button does. */
export const load: PageServerLoad = ({ url, setHeaders }) => {
  setHeaders({ "cache-control": "no-store" });
  return {
    token: url.searchParams.get("token") ?? "",
    next: nextPath(url.searchParams.get("next")),
  };
};

export const actions: Actions = {
  default: async ({ request, cookies, locals, getClientAddress }) => {
    const form = await request.formData();
    const token = form.get("token");
    const used = await locals.console.signIn.confirm({
      token: typeof token === "string" ? token.slice(0, TOKEN_LENGTH_MAX) : "",
      headers: request.headers,
      clientKey: clientKey(getClientAddress()),
    });
    if (used.outcome === "limited") return fail(429, { problem: TOO_MANY });
    if (used.outcome !== "signed_in") return fail(400, { problem: REFUSED });
    setSessionCookies(cookies, used.cookies);
    redirect(303, nextPath(form.get("next")));
  },
};

const TOKEN_LENGTH_MAX = 256;
const TOO_MANY = "Too many links were tried from here. Wait a quarter of an hour.";
const REFUSED = "This link was used before, is older than five minutes, or is no longer welcome.";
