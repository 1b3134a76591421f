import { randomUUID } from "node:crypto";
import http from "node:http";
import { Acknowledger } from "@lensai/instrumentation/guard/acknowledger";
import { ControlSource } from "@lensai/instrumentation/guard/control-source";
import { monotonicMs } from "./messages.ts";
import type { FromClients, ToClients } from "./messages.ts";

/**
 * Many clients in one process: each has its own stream and acknowledges by itself, with the code that instrumented
 * processes run.
 */
const [controlUrl = "", apiKey = ""] = process.argv.slice(2);
const headers = { "x-api-key": apiKey };
const tell = (message: FromClients): void => void process.send?.(message);

// What keeps the process alive: the sources do not.
process.on("message", ({ count }: ToClients) => connect(count));
// Hundreds of processes would have as many connections of their own.
http.globalAgent.maxFreeSockets = Infinity;

function connect(count: number): void {
  let connected = 0;
  let applied: { switches: number; atMs: number[] } = { switches: 0, atMs: [] };
  // One message for all: a message each would hold up the clients behind it.
  const note = (switches: number, atMs: number): void => {
    if (applied.switches !== switches) applied = { switches, atMs: [] };
    applied.atMs.push(atMs);
    if (applied.atMs.length < count) return;
    tell({ kind: "applied", ...applied });
    applied = { switches, atMs: [] };
  };
  for (let client = 0; client < count; client += 1) {
    const identity = { instanceId: randomUUID(), serviceName: `service-${client % 20}` };
    const url = `${controlUrl}/acknowledgements`;
    const acknowledger = new Acknowledger({ url, headers, identity, random: Math.random });
    let isFirst = true;
    const source = new ControlSource({
      url: controlUrl,
      headers,
      identity,
      nowMs: Date.now,
      random: Math.random,
      onPolicy: ({ version, killSwitches }) => {
        const atMs = monotonicMs();
        acknowledger.holds(version);
        if (!isFirst) note(killSwitches.length, atMs);
        if (isFirst) connected += 1;
        if (isFirst && connected === count) tell({ kind: "connected" });
        isFirst = false;
      },
      onProblem: (sentence) => void process.stderr.write(`${sentence}\n`),
    });
    source.start();
  }
}
