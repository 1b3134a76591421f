import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { parseAcknowledgement } from "@lensai/otel-config/control/acknowledgements";
import type { Acknowledgement } from "@lensai/otel-config/control/acknowledgements";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Acknowledger } from "../../src/guard/acknowledger.ts";

let server: http.Server;
let told: Acknowledgement[];
let asked: http.IncomingMessage[];
let statuses: (number | "cut")[];
let hold: Promise<void> | undefined;
let acknowledger: Acknowledger;

beforeEach(async () => {
  told = [];
  asked = [];
  statuses = [];
  hold = undefined;
  server = http.createServer((request, response) => {
    asked.push(request);
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => void answer(text, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  acknowledger = new Acknowledger({
    url: `http://127.0.0.1:${port}/v1/control/acknowledgements`,
    headers: { "x-api-key": "key" },
    identity: { instanceId: "instance-1", serviceName: "checkout" },
    random: () => 0,
    retryMinMs: 20,
  });
});
afterEach(() => {
  acknowledger.stop();
  server.closeAllConnections();
  server.close();
});

async function answer(text: string, response: http.ServerResponse): Promise<void> {
  told.push(parseAcknowledgement(JSON.parse(text)));
  await hold;
  const status = statuses.shift() ?? 204;
  if (status === "cut") response.destroy();
  else response.writeHead(status).end();
}

const versions = (): number[] => told.map(({ version }) => version);

test("says who it is, what holds and for how long", async () => {
  acknowledger.holds(7);
  await expect.poll(versions).toEqual([7]);
  expect(asked[0]).toMatchObject({ method: "POST", headers: { "x-api-key": "key" } });
  expect(told[0]).toMatchObject({ instanceId: "instance-1", serviceName: "checkout", version: 7 });
  expect(told[0]?.heldMs).toBeLessThan(5000);
  expect(told[0]?.runningMs).toBeGreaterThan(told[0]?.heldMs ?? Infinity);
});

test("of versions that follow each other quickly it tells the first and the last", async () => {
  let release: (() => void) | undefined;
  hold = new Promise((resolve) => (release = resolve));
  acknowledger.holds(1);
  await expect.poll(versions).toEqual([1]);
  for (const version of [2, 3, 4]) acknowledger.holds(version);
  release?.();
  await expect.poll(versions).toEqual([1, 4]);
});

test.each([503, 429, "cut" as const])(
  "tries again after %s, with the time that has passed",
  async (status) => {
    statuses = [status];
    acknowledger.holds(3);
    await expect.poll(versions).toEqual([3, 3]);
    expect(told[1]?.heldMs).toBeGreaterThanOrEqual(19);
  },
);

test.each([404, 401])(
  "does not tell again whoever answers %s, but for a new version",
  async (status) => {
    statuses = [status];
    acknowledger.holds(3);
    await expect.poll(versions).toEqual([3]);
    acknowledger.holds(4);
    await expect.poll(versions).toEqual([3, 4]);
  },
);
