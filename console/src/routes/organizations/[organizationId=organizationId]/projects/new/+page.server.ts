import { fail, redirect } from "@sveltejs/kit";
import { organizationForPage } from "#lib/server/access/organization.ts";
import { createProject } from "#lib/server/services/projects/create-in-organization.ts";
import { projectNameSchema } from "#lib/server/services/projects/project-id.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, locals, parent }) => {
  await parent();
  const { organization } = await organizationForPage(
    locals,
    params.organizationId,
    "project.manage",
  );
  return { organization: { id: organization.id, name: organization.name } };
};

export const actions: Actions = {
  default: async ({ params, locals, request }) => {
    const { organization, grantor } = await organizationForPage(
      locals,
      params.organizationId,
      "project.manage",
    );
    const name = projectNameSchema.safeParse((await request.formData()).get("name"));
    if (!name.success) return fail(400, { problem: name.error.issues[0]?.message });
    const project = { organizationId: organization.id, name: name.data };
    const { id } = await createProject(locals.console.services, project, grantor.actor);
    redirect(303, `/projects/${id}/settings`);
  },
};
