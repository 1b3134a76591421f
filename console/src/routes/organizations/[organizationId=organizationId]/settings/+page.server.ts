import { fail } from "@sveltejs/kit";
import { organizationForPage } from "#lib/server/access/organization.ts";
import { renameOrganization } from "#lib/server/services/organizations/rename.ts";
import { organizationNameSchema } from "#lib/server/services/organizations/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, locals, parent }) => {
  await parent();
  const access = await organizationForPage(locals, params.organizationId, "organization.manage");
  const { id, name, version } = access.organization;
  return { organization: { id, name, version } };
};

export const actions: Actions = {
  rename: async ({ params, locals, request }) => {
    const access = await organizationForPage(locals, params.organizationId, "organization.manage");
    const form = await request.formData();
    const name = organizationNameSchema.safeParse(form.get("name"));
    if (!name.success) return fail(400, { problem: name.error.issues[0]?.message });
    const { outcome } = await renameOrganization(
      locals.console.services,
      {
        organizationId: access.organization.id,
        name: name.data,
        expectedVersion: Number(form.get("version")),
      },
      access.grantor.actor,
    );
    if (outcome !== "renamed") {
      return fail(409, { problem: "Somebody has changed it meanwhile: look at it as it is now." });
    }
    return { done: "The organisation has its new name." };
  },
};
