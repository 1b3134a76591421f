import { redirect } from "@sveltejs/kit";
import { setSessionCookies } from "#lib/server/auth/set-cookies.ts";
import type { RequestHandler } from "./$types";

/** Ends the session at the server and in the browser. */
export const POST: RequestHandler = async ({ request, cookies, locals }) => {
  setSessionCookies(cookies, await locals.console.signIn.end(request.headers));
  redirect(303, "/sign-in?ended");
};
