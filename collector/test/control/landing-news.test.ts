import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LandingNews } from "../../src/control/landing-news.ts";

let server: Server;
let url: string;
/** Requests that wait for their answer. */
let waiting: ServerResponse[];
let asked: string[];

beforeEach(async () => {
  [waiting, asked] = [[], []];
  server = createServer((request, response) => {
    request.resume();
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    waiting.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
});

afterEach(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const answer = async (status: number): Promise<void> => {
  await expect.poll(() => waiting.length, { interval: 1 }).toBe(1);
  waiting.pop()?.writeHead(status).end();
};

test("what lands while the console is being told is told with one request more", async () => {
  const news = new LandingNews({ url, token: "t" });
  for (let landing = 0; landing < 100; landing += 1) news.hasLanded();
  await answer(204);
  await answer(204);
  await news.settled();
  expect(asked).toEqual(Array(2).fill("POST /below/internal/landings Bearer t"));
  news.hasLanded();
  await answer(204);
  await news.settled();
  expect(asked).toHaveLength(3);
});

test("a console that fails is told of the next landing, and not again of this one", async () => {
  const news = new LandingNews({ url, token: undefined });
  news.hasLanded();
  await answer(503);
  await news.settled();
  expect(asked).toEqual(["POST /below/internal/landings undefined"]);
  news.hasLanded();
  await answer(204);
  await news.settled();
  expect(asked).toHaveLength(2);
});

test("without a console nobody is told", async () => {
  const news = new LandingNews({ url: undefined, token: undefined });
  news.hasLanded();
  await news.settled();
  expect(asked).toEqual([]);
});
