import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { payloadOf } from "../landing/test-rows.ts";
import type { CrashTarget } from "./crash-run.ts";
import { postTo } from "./post-to.ts";

/** The landing code alone, as a process; with a seed its store fails, stalls and half-writes. */
export function landingTarget(folder: string, faultSeed?: number): CrashTarget {
  const child = fileURLToPath(new URL("./landing-child.ts", import.meta.url));
  const post = postTo("/");
  return {
    command: (life) => [
      child,
      join(folder, "data"),
      join(folder, "lake"),
      faultSeed === undefined ? "none" : String(faultSeed + life),
    ],
    env: {},
    portIn: (line) => line["port"],
    send: (port, ids) => post(port, payloadOf(ids)),
  };
}
