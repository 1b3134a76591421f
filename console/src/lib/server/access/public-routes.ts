/**
 * Routes that answer without a session, by the beginning of their id. Those below /internal and /api ask for a token or a
 * key themselves. A route that is not listed here asks people to sign in.
 */
const PUBLIC_ROUTES: readonly string[] = [
  "/docs",
  "/sign-in",
  "/join",
  "/healthz",
  "/readyz",
  "/internal",
  // Signed by Slack.
  "/slack",
  "/api",
];

/** Pages that say the same to everybody, and that nothing need be known for. */
export function isDocsRoute(routeId: string | null): boolean {
  return routeId?.startsWith("/docs/") === true;
}

/** Null: no route has the address, which is the same for everybody. */
export function isPublicRoute(routeId: string | null): boolean {
  return (
    routeId === null ||
    PUBLIC_ROUTES.some((prefix) => routeId === prefix || routeId.startsWith(`${prefix}/`))
  );
}
