import { fail, redirect } from "@sveltejs/kit";
import { signInPath } from "#lib/server/access/sign-in-path.ts";
import { createOrganization } from "#lib/server/services/organizations/create.ts";
import { organizationNameSchema } from "#lib/server/services/organizations/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals, parent, url }) => {
  await parent();
  if (locals.principal.kind === "anonymous") redirect(303, signInPath(url.pathname));
};

export const actions: Actions = {
  default: async ({ locals, request, url }) => {
    const { principal } = locals;
    if (principal.kind === "anonymous") redirect(303, signInPath(url.pathname));
    const name = organizationNameSchema.safeParse((await request.formData()).get("name"));
    if (!name.success) return fail(400, { problem: name.error.issues[0]?.message });
    const userId = principal.kind === "user" ? principal.userId : null;
    const founder = { actor: principal.actor, userId };
    const created = await createOrganization(locals.console.services, { name: name.data }, founder);
    if (created === "too_many") {
      return fail(409, { problem: "You own as many organisations as one may." });
    }
    redirect(303, `/organizations/${created.id}/projects/new`);
  },
};
