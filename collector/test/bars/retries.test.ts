import zlib from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { REQUEST_WINDOW_MS } from "../../src/landing/seen-window.ts";
import { seededRandom } from "../crash/seeded-random.ts";
import { testFolder } from "../landing/test-folder.ts";
import { ClockedCollector } from "./clocked-collector.ts";
import { logsOf, range, spanIdOf, tracesOf } from "./bar-requests.ts";

/**
 * What is promised to senders: a body comes again within 20 minutes, or a span among the newest million, and
 * nothing lands twice. Later, and only then, a log record or data point may land a second time.
 */

const MINUTE_MS = 60_000;

async function startClocked(): Promise<ClockedCollector> {
  const collector = new ClockedCollector(await testFolder());
  await collector.start();
  onTestFinished(() => collector.stop());
  return collector;
}

const once = (spans: number): Map<string, number> =>
  new Map(range(1, spans).map((n) => [spanIdOf(n), 1]));

const BATCHES = 40;
const SPANS_PER_BATCH = 25;
const SPANS = BATCHES * SPANS_PER_BATCH;

const batches = (): Buffer[] =>
  range(0, BATCHES).map((batch) => tracesOf(range(1 + batch * SPANS_PER_BATCH, SPANS_PER_BATCH)));

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

test("batches that come again in order, shuffled, and at the same time land once", async () => {
  const collector = await startClocked();
  for (const body of batches()) {
    await collector.post(body);
    await collector.post(body);
  }
  for (const body of shuffled(batches(), 1)) await collector.post(body);
  await Promise.all(shuffled([...batches(), ...batches()], 2).map((body) => collector.post(body)));
  expect(await collector.landed()).toEqual(once(SPANS));
});

test("first sends that race with their own resends land once", async () => {
  const collector = await startClocked();
  await Promise.all(
    shuffled([...batches(), ...batches(), ...batches()], 3).map((body, index) =>
      index % 2 === 0 ? collector.post(body) : collector.call(body),
    ),
  );
  expect(await collector.landed()).toEqual(once(SPANS));
});

test("batches that come again after a restart, over another transport, land once", async () => {
  const collector = await startClocked();
  for (const body of batches()) await collector.post(body);
  await collector.restart();
  for (const body of shuffled(batches(), 4)) await collector.call(body);
  expect(await collector.landed()).toEqual(once(SPANS));
});

test("spans that come again in other batches, some of them with new ones, land once", async () => {
  const collector = await startClocked();
  const known = SPANS / 2;
  for (const body of batches().slice(0, BATCHES / 2)) await collector.post(body);
  const mixed = shuffled(range(1, SPANS), 5);
  expect(mixed.slice(0, 7).some((n) => n > known)).toBe(true);
  for (let at = 0; at < SPANS / 2; at += 7) await collector.post(tracesOf(mixed.slice(at, at + 7)));
  await collector.restart();
  for (let at = SPANS / 2; at < SPANS; at += 7) {
    await collector.post(tracesOf(mixed.slice(at, at + 7)));
  }
  for (let at = 0; at < SPANS; at += 11) await collector.post(tracesOf(mixed.slice(at, at + 11)));
  expect(await collector.landed()).toEqual(once(SPANS));
});

test("batches that come again in another compression land once", async () => {
  const collector = await startClocked();
  for (const [index, body] of batches().entries()) {
    const forms = [
      () => collector.post(body),
      () => collector.post(zlib.gzipSync(body), "/v1/traces", "gzip"),
      () => collector.post(zlib.gzipSync(body, { level: 1 }), "/v1/traces", "gzip"),
      () => collector.post(zlib.zstdCompressSync(body), "/v1/traces", "zstd"),
      () => collector.post(zlib.deflateSync(body), "/v1/traces", "deflate"),
    ];
    for (const send of shuffled(forms, index)) await send();
  }
  expect(await collector.landed()).toEqual(once(SPANS));
});

test("batches that come again 15 minutes later land once, with restarts in between", async () => {
  const collector = await startClocked();
  for (const body of batches()) await collector.post(body);
  await collector.post(logsOf(1), "/v1/logs");
  for (const minute of range(1, 15)) {
    collector.nowMs += MINUTE_MS;
    await collector.post(logsOf(100 + minute), "/v1/logs");
    if (minute % 5 === 0) await collector.restart();
  }
  for (const body of shuffled(batches(), 6)) await collector.post(body);
  await collector.post(logsOf(1), "/v1/logs");
  expect(await collector.landed()).toEqual(once(SPANS).set("null", 1 + 15));
});

test("a log record may land again once its body is older than the window, and not before", async () => {
  const collector = await startClocked();
  const tick = async (ms: number, n: number): Promise<void> => {
    collector.nowMs += ms;
    await collector.post(logsOf(n), "/v1/logs");
  };
  await tick(0, 1);
  await tick(REQUEST_WINDOW_MS, 2);
  await tick(0, 1);
  // The first body was remembered in its own right and not anew: a resend does not prolong the window.
  await tick(REQUEST_WINDOW_MS / 2, 3);
  await tick(0, 1);
  expect(await collector.landed()).toEqual(new Map([["null", 4]]));
});

test("a span lands once even after the window of its body, while its id is remembered", async () => {
  const collector = await startClocked();
  const body = tracesOf([1]);
  await collector.post(body);
  collector.nowMs += 2 * REQUEST_WINDOW_MS;
  await collector.post(logsOf(1), "/v1/logs");
  collector.nowMs += REQUEST_WINDOW_MS;
  await collector.post(body);
  expect(await collector.landed()).toEqual(once(1).set("null", 1));
});
