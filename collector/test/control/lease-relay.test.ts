import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { parseLeaseBatch } from "@lensai/otel-config/control/leases";
import type { LeaseBatch, ProjectLeaseRequest } from "@lensai/otel-config/control/leases";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseRelay } from "../../src/control/lease-relay.ts";

/** A console that answers when the test lets it. */
let server: http.Server;
let relay: LeaseRelay;
let batches: LeaseBatch[];
let tokens: (string | undefined)[];
let status: number;
let hold: Promise<void> | undefined;

beforeEach(async () => {
  [batches, tokens] = [[], []];
  [status, hold] = [200, undefined];
  server = http.createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  relay = new LeaseRelay({ url: urlOf(server), token: "control-token" });
});
afterEach(async () => {
  await relay.stop();
  server.closeAllConnections();
  server.close();
});

const urlOf = (listening: http.Server): string =>
  `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const batch = parseLeaseBatch(await json(request));
  batches.push(batch);
  tokens.push(request.headers.authorization);
  await hold;
  const answers = batch.requests.map(({ sequence }) => ({ leases: [], nowUnixMs: sequence }));
  response.writeHead(status).end(JSON.stringify({ answers }));
}

const requestOf = (sequence: number, instanceId = "instance-1"): ProjectLeaseRequest => ({
  projectId: "shop",
  instanceId,
  sequence,
  leases: [],
});

test("what comes while a batch is under way goes together with the next, and each gets its own answer", async () => {
  const released = Promise.withResolvers<void>();
  hold = released.promise;
  const first = relay.ask(requestOf(1));
  await expect.poll(() => batches.length).toBe(1);
  const others = [2, 3, 4].map((sequence) => relay.ask(requestOf(sequence)));
  released.resolve();
  const answers = await Promise.all([first, ...others]);
  expect(answers.map(({ nowUnixMs }) => nowUnixMs)).toEqual([1, 2, 3, 4]);
  expect(batches.map(({ requests }) => requests.length)).toEqual([1, 3]);
  expect(new Set(tokens)).toEqual(new Set(["Bearer control-token"]));
});

test("a console that refuses is told to those who wait, and asked again by the next", async () => {
  status = 503;
  await expect(relay.ask(requestOf(1))).rejects.toMatchObject({
    code: "control.ledger_unavailable",
    retryable: true,
    message: expect.stringContaining("the console answered 503") as string,
  });
  status = 200;
  expect(await relay.ask(requestOf(2))).toMatchObject({ nowUnixMs: 2 });
});

test("without a console, and while it stops, the relay says so at once", async () => {
  const lonely = new LeaseRelay({ url: undefined, token: undefined });
  await expect(lonely.ask(requestOf(1))).rejects.toThrow("has no console");
  await relay.stop();
  await expect(relay.ask(requestOf(1))).rejects.toThrow("the collector is stopping");
});
