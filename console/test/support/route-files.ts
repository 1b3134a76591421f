import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

const ROUTES = join(import.meta.dirname, "../../src/routes");

/** The ids of all routes that answer: with a page, or with methods of their own. */
export function routeIds(): string[] {
  return readdirSync(ROUTES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^\+(page\.svelte|server\.ts)$/.test(entry.name))
    .map((entry) => `/${relative(ROUTES, entry.parentPath).split(sep).join("/")}`)
    .toSorted();
}
