import { join } from "node:path";
import { ensureConsoleBuild } from "./console-build.ts";

/** Builds the console of this checkout, unless its build is what the sources are: for whoever starts it without the launcher. */
await ensureConsoleBuild(join(import.meta.dirname, "../.."), {
  signal: new AbortController().signal,
  onStart: () => undefined,
});
