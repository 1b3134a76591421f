import { alertWords } from "./alert-words.ts";
import type { Delivery } from "./delivery.ts";

/** The path of the page of the console that shows more of it. */
export function alertPath(
  event: Pick<Delivery["event"], "projectId" | "kind" | "details">,
): string {
  const { page } = alertWords(event as Delivery["event"]);
  const path = `/projects/${event.projectId}/${page}`;
  const { details } = event;
  // Whoever is told of many values wants to see them.
  return "alsoReached" in details ? `${path}/${details.budgetId}` : path;
}
