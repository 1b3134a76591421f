import { error } from "@sveltejs/kit";
import { callAttachments, callFacts } from "#lib/call-facts.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadCall } from "#lib/server/lake/load-call.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { services, lake } = locals.console;
  const project = await findProject(services.db, params.projectId);
  if (project === undefined) error(404, `There is no project "${params.projectId}".`);
  const row = await loadCall(lake, {
    ...params,
    atUnixMs: parseStart(url.searchParams.get("at")),
    nowUnixMs: services.now().getTime(),
  }).catch((failure: unknown) => failPage(failure, locals.requestId));
  if (row === undefined) {
    error(404, "There is no such call in this project, or its data has not landed yet.");
  }
  return {
    project,
    title: String(row["response_model"] ?? row["request_model"] ?? row["span_name"] ?? "Call"),
    status: String(row["status"] ?? "unset"),
    errorType: row["error_type"] === null ? undefined : String(row["error_type"]),
    statusMessage: row["status_message"] === null ? undefined : String(row["status_message"]),
    groups: callFacts(row),
    attachments: callAttachments(row),
  };
};

const parseStart = (text: string | null): number | undefined =>
  text !== null && /^\d{12,14}$/.test(text) ? Number(text) : undefined;
