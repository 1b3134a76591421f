import { fail, redirect } from "@sveltejs/kit";
import { principalWithoutCredentials } from "#lib/server/access/resolve-principal.ts";
import { clientKey } from "#lib/server/auth/client-key.ts";
import { nextPath } from "#lib/server/auth/next-path.ts";
import { inBackground } from "#lib/server/auth/sign-in.ts";
import { emailSchema } from "#lib/server/services/members/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals, url }) => {
  const { settings, mailer } = locals.console;
  const next = nextPath(url.searchParams.get("next"));
  if (locals.principal.kind === "user") redirect(303, next);
  return {
    next,
    email: url.searchParams.get("email") ?? "",
    isEnded: url.searchParams.has("ended"),
    isLocalOwner: locals.principal.kind === "local_owner",
    hasOwner: settings.people.ownerEmail !== undefined,
    sendsMail: mailer !== undefined,
  };
};

export const actions: Actions = {
  default: async ({ request, locals, getClientAddress }) => {
    const { signIn, settings, mailer } = locals.console;
    const form = await request.formData();
    const next = nextPath(form.get("next"));
    const email = emailSchema.safeParse(form.get("email"));
    if (!email.success) return fail(400, { problem: "Enter one e-mail address.", isSent: false });
    const asked = await signIn.requestLink({
      email: email.data,
      next,
      clientKey: clientKey(getClientAddress()),
    });
    if (asked.outcome === "limited") {
      const minutes = Math.ceil(asked.retryAfterSeconds / 60);
      return fail(429, {
        problem: `Too many links were asked for from here. Try again in ${minutes} min.`,
        isSent: false,
      });
    }
    // Who sits at this machine may see the link; for everybody else, also behind a proxy on this machine, the answer
    // says nothing, and takes as long for an address that is known as for one that is not.
    const { kind } = principalWithoutCredentials(request.headers, settings.hostPolicy);
    if (kind === "local_owner" && mailer === undefined) {
      return { isSent: true, link: await asked.delivered };
    }
    void inBackground(asked.delivered);
    return { isSent: true };
  },
};
