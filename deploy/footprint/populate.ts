import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Installation } from "../seed/installation.ts";
import { PROJECTS } from "../seed/projects.ts";
import { runSeed } from "../seed/run-seed.ts";

const DAYS = 30;
const SPANS_PER_DAY = 2000;

const DAY_MS = 86_400_000;
/** Of each kind that keeps its ledgers another way. */
const BUDGETS = [
  { name: "Month", period: { kind: "month", timeZone: "Europe/Berlin" }, mode: "enforce" },
  { name: "Each user", period: { kind: "day", timeZone: "UTC" }, each: "user", mode: "warn" },
  { name: "Last day", period: { kind: "rolling", windowMs: DAY_MS }, mode: "observe" },
];
/** High enough that no threshold is crossed, and no alert keeps anybody busy. */
const LIMIT_NANO_USD = "100000000000000";

/** A webhook's receiver; it takes whatever comes. */
export async function listenForAlerts(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** A month of traffic through the receiver, and in each of its projects three budgets and a channel for alerts. */
export async function populate(installation: Installation, alerts: Server): Promise<void> {
  await runSeed({
    options: {
      seed: "footprint",
      days: DAYS,
      spansPerDay: SPANS_PER_DAY,
      projects: PROJECTS.length,
    },
    installation,
    untilMs: Date.now(),
    startProgress: () => ({ update: () => undefined, end: () => undefined }),
  });
  const { port } = alerts.address() as AddressInfo;
  for (const { id: projectId } of PROJECTS) {
    for (const budget of BUDGETS) {
      const body = { projectId, limitNanoUsd: LIMIT_NANO_USD, ...budget };
      await post(installation, "/internal/budgets", body);
    }
    await post(installation, `/api/v1/projects/${projectId}/alert-channels`, {
      type: "webhook",
      name: "Everything",
      url: `http://127.0.0.1:${port}/`,
      kinds: ["budget.threshold", "ingest.trouble"],
      minimumSeverity: "info",
    });
  }
}

async function post(
  { consoleUrl, controlToken }: Installation,
  path: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${consoleUrl}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${controlToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
