import { fail, redirect } from "@sveltejs/kit";
import { clientKey } from "#lib/server/auth/client-key.ts";
import { setSessionCookies } from "#lib/server/auth/set-cookies.ts";
import { findInvitation } from "#lib/server/services/members/find-invitation.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ url, locals, parent, setHeaders }) => {
  await parent();
  setHeaders({ "cache-control": "no-store" });
  const token = url.searchParams.get("token") ?? "";
  const invitation = await findInvitation(locals.console.services, token);
  // No error page: it would hide what became of a form that was sent.
  if (invitation === undefined) return { token, invitation };
  const { email, role, organizationName } = invitation;
  return { token, invitation: { email, role, organizationName } };
};

export const actions: Actions = {
  default: async ({ request, cookies, locals, getClientAddress }) => {
    const token = (await request.formData()).get("token");
    const used = await locals.console.signIn.join({
      token: typeof token === "string" ? token : "",
      headers: request.headers,
      clientKey: clientKey(getClientAddress()),
    });
    switch (used.outcome) {
      case "limited":
        return fail(429, {
          problem: "Too many links were tried from here. Wait a quarter of an hour.",
        });
      case "refused":
        return fail(400, { problem: undefined });
      case "sign_in_first":
        return redirect(303, `/sign-in?${new URLSearchParams({ email: used.email }).toString()}`);
      case "signed_in":
        setSessionCookies(cookies, used.cookies);
        return redirect(303, "/");
    }
  },
};
