import { alertWords } from "./alert-words.ts";
import type { Delivery } from "./delivery.ts";

/** The path of the page of the console that shows more of it. */
export function alertPath(
  event: Pick<Delivery["event"], "projectId" | "kind" | "details">,
): string {
  const { page } = alertWords(event as Delivery["event"]);
  return `/projects/${event.projectId}/${page}`;
}
