import { execFile } from "node:child_process";
import type http from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer, SeenRequest } from "../support/provider-server.ts";

const run = promisify(execFile);
const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Calls a model in two ways at once, and prints the statuses. */
const APP = `
  const http = require("node:http");
  const url = process.env.PROVIDER_URL + "/v1/chat/completions";
  const body = JSON.stringify({ model: "gpt-4o", messages: [] });
  const byHttp = () =>
    new Promise((resolve) => {
      const request = http.request(url, { method: "POST" }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      request.on("error", (error) => resolve(error.code));
      request.end(body);
    });
  const byFetch = () => fetch(url, { method: "POST", body }).then(({ status }) => status);
  Promise.all([byHttp(), byFetch()]).then((statuses) => console.log(JSON.stringify(statuses)));
`;

const STOPPED = {
  formatVersion: 1,
  version: 1,
  issuedAt: "2026-11-01T00:00:00.000Z",
  budgets: [],
  killSwitches: [
    { id: "kill_1", scope: {}, reason: "a drill", triggeredAt: "2026-11-01T00:00:00.000Z" },
  ],
};

let provider: ProviderServer;
let collector: ProviderServer;
beforeEach(async () => {
  [provider, collector] = [await startProviderServer(), await startProviderServer()];
  provider.answer = json({ choices: [] });
});
afterEach(() => Promise.all([provider.stop(), collector.stop()]));

/** A machine that does other things may take longer than a second for what a collector answers at once. */
const SLOW_TIMERS = `data:text/javascript,${encodeURIComponent(`
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (run, ms, ...args) => setTimeout(run, 30 * ms, ...args);
`)}`;

/** What the application prints. */
async function statusesOf(endpoint = collector.url, first: string[] = []): Promise<unknown> {
  const args = [...first, "--import", fileAt("../../src/register.ts"), "--eval", APP];
  const env = { PROVIDER_URL: provider.url, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}

const answersPolicy = ({ path }: SeenRequest, response: http.ServerResponse): void => {
  if (path !== "/v1/control") return void response.writeHead(200).end("{}");
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(STOPPED));
};

describe("a process that starts", () => {
  test("while a switch is on makes no call, whatever it calls with", async () => {
    collector.answer = answersPolicy;
    expect(await statusesOf(collector.url, ["--import", SLOW_TIMERS])).toEqual([403, 403]);
    expect(provider.requests).toEqual([]);
  });

  test("without a collector begins at once", async () => {
    const { url } = collector;
    await collector.stop();
    collector = await startProviderServer();
    expect(await statusesOf(url)).toEqual([200, 200]);
  });

  test("beside a collector that says nothing begins nevertheless", async () => {
    collector.answer = ({ path }, response) =>
      path === "/v1/control" ? undefined : void response.writeHead(200).end();
    expect(await statusesOf()).toEqual([200, 200]);
  });
});
