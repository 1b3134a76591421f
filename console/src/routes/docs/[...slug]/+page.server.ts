import { error, redirect } from "@sveltejs/kit";
import { docSections, FIRST_PAGE, loadDocPage } from "#lib/server/docs/load-page.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ params }) => {
  if (params.slug === "") redirect(307, `/docs/${FIRST_PAGE}`);
  // Links copied from the repository end in ".md".
  if (params.slug.endsWith(".md")) redirect(307, `/docs/${params.slug.slice(0, -3)}`);
  const page = loadDocPage(params.slug);
  if (page === undefined) error(404, `There is no page "${params.slug}" in the documentation.`);
  return { page, sections: docSections(), path: `/docs/${params.slug}` };
};
