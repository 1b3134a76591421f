/** Where somebody wanted to go, when it is a path of this console; else the start page. Never another site. */
export function nextPath(given: unknown): string {
  if (typeof given !== "string" || !/^\/(?![/\\])[!-[\]-~]*$/.test(given)) return "/";
  return given;
}
