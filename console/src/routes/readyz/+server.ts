import { json } from "@sveltejs/kit";
import type { RequestHandler } from "./$types";

/** 200 when the database and the lake can be read; else 503 and which of them cannot. Warnings change no status. */
export const GET: RequestHandler = async ({ locals }) => {
  const problems = await locals.console.problems();
  const isReady = problems.length === 0;
  const warnings = locals.console.warnings();
  const status = isReady ? "ok" : "not ready";
  return json({ status, problems, warnings }, { status: isReady ? 200 : 503 });
};
