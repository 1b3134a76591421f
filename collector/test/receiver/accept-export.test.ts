import { setImmediate as nextTurn } from "node:timers/promises";
import zlib from "node:zlib";
import { expect, test } from "vitest";
import type { Sender } from "../../src/admission/authenticate.ts";
import { ByteBudget } from "../../src/admission/byte-budget.ts";
import { RateLimiter } from "../../src/admission/rate-limit.ts";
import { acceptExport } from "../../src/receiver/accept-export.ts";
import type { ReceiverParts } from "../../src/receiver/accept-export.ts";
import type { ContentEncoding } from "../../src/receiver/inflate.ts";
import { LoopTurns } from "../../src/receiver/loop-turns.ts";
import { Telemetry } from "../../src/telemetry.ts";

const BODY = Buffer.alloc(100_000);
const sender: Sender = {
  projectId: "p",
  apiKeyId: undefined,
  signature: undefined,
  content: "redacted",
  origins: [],
};

test.each([
  ["identity", BODY],
  ["gzip", zlib.gzipSync(BODY)],
] satisfies [ContentEncoding, Buffer][])(
  "a body that takes a turn of the loop leaves the next one to the next turn (%s)",
  async (wireEncoding, wire) => {
    let nowMs = 0;
    let begun = 0;
    const parts = {
      turns: new LoopTurns(() => nowMs),
      storage: { hasRoom: () => true, refuseWhileBehind: () => undefined },
      ingest: {
        ingest: async () => {
          begun += 1;
          nowMs += 10;
          return { accepted: 1, rejected: 0, message: undefined };
        },
      },
      rateLimiter: new RateLimiter({ recordsPerSecond: 0, requestsPerSecond: 0 }),
      telemetry: new Telemetry(),
      nowMs: () => nowMs,
      sizeBytesMax: BODY.length,
    } as unknown as ReceiverParts;
    const budget = new ByteBudget(10 * BODY.length);
    const received = { signal: "traces", sender, wire, wireEncoding, isJson: false } as const;
    const all = [1, 2, 3].map(() => acceptExport(parts, received, budget.open()));
    expect(begun).toBe(1);
    await nextTurn();
    expect(begun).toBe(2);
    await Promise.all(all);
    expect(begun).toBe(3);
  },
);
