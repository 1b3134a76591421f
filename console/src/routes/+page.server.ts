import { redirect } from "@sveltejs/kit";
import type { PageServerLoad } from "./$types";

/** One project: straight to it. Several: the list. */
export const load: PageServerLoad = async ({ parent }) => {
  const { projects } = await parent();
  const [only] = projects;
  if (only !== undefined && projects.length === 1) redirect(307, `/projects/${only.id}`);
};
