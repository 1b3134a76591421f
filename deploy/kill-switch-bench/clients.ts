import { randomUUID } from "node:crypto";
import http from "node:http";
import { startInstrumentedClient } from "./instrumented-client.ts";
import type { FromClients, ToClients } from "./messages.ts";
import { startPlainClient } from "./plain-client.ts";

/** Many clients in one process, each with its own stream and its own acknowledgements. */
const [controlUrl = "", apiKey = ""] = process.argv.slice(2);
const tell = (message: FromClients): void => void process.send?.(message);

/** Every so manyth runs the instrumentation's own code. */
const INSTRUMENTED_EVERY = 10;

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
    let isFirst = true;
    const onPolicy = (switches: number, atMs: number): void => {
      if (!isFirst) return note(switches, atMs);
      isFirst = false;
      connected += 1;
      if (connected === count) tell({ kind: "connected" });
    };
    const identity = { instanceId: randomUUID(), serviceName: `service-${client % 20}` };
    const start = client % INSTRUMENTED_EVERY === 0 ? startInstrumentedClient : startPlainClient;
    start({ controlUrl, apiKey, onPolicy }, identity);
  }
}
