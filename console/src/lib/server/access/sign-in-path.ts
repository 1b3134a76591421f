/** Where people without a session are sent; `next` is where they wanted to go. */
export function signInPath(next: string): string {
  return next === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ next }).toString()}`;
}
