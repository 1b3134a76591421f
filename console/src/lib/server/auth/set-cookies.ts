import type { Cookies } from "@sveltejs/kit";
import type { SessionCookie } from "./sessions.ts";

/** Hands session cookies to the browser: out of reach for scripts, and not sent along with requests of other sites. */
export function setSessionCookies(cookies: Cookies, given: readonly SessionCookie[]): void {
  for (const { name, value, maxAgeSeconds, secure } of given) {
    cookies.set(name, value, {
      path: "/",
      httpOnly: true,
      sameSite: "lax",
      secure,
      ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
    });
  }
}
