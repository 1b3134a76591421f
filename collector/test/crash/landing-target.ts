import { fileURLToPath } from "node:url";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { payloadOf } from "../landing/test-rows.ts";
import type { CrashTarget } from "./crash-run.ts";

/** The landing code alone, as a process; with a seed its store fails, stalls and half-writes. */
export function landingTarget(folder: string, faultSeed?: number): CrashTarget {
  const child = fileURLToPath(new URL("./landing-child.ts", import.meta.url));
  const agent = new Agent({ keepAlive: true });
  return {
    command: (life) => [
      process.execPath,
      child,
      join(folder, "data"),
      join(folder, "lake"),
      faultSeed === undefined ? "none" : String(faultSeed + life),
    ],
    send: (port, ids) =>
      new Promise((resolve, reject) => {
        const options = { agent, port, host: "127.0.0.1", method: "POST" };
        const sent = request(options, (response) => {
          response.resume().once("end", () => resolve(response.statusCode ?? 0));
          response.once("error", reject);
        });
        sent.once("error", reject);
        sent.end(payloadOf(ids));
      }),
  };
}
