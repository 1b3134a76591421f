import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { PROVIDER_ANSWERS } from "../support/provider-answers.ts";
import type { ProviderAnswer } from "../support/provider-answers.ts";
import { recordSpans } from "../support/recorded-spans.ts";

/**
 * Whatever comes in the place of an answer, the application gets the bytes and the error that it would get
 * without us, and the span ends and has no count that did not come.
 */

const ANSWERS = Object.entries(PROVIDER_ANSWERS);
const TYPES = [
  "application/json",
  "text/event-stream",
  "application/x-ndjson",
  "application/vnd.amazon.eventstream",
  "text/html",
  "audio/mpeg",
  "",
];

/** What a member of JSON can be instead of what it should be. */
const VALUES = [
  "1e999",
  "-1",
  "1.5",
  "null",
  "true",
  "[]",
  "{}",
  "9".repeat(30),
  '"x"',
  '"\\ud800"',
];
const VALUE = /-?\d+(?:\.\d+)?|"[^"\\]*"(?!:)|null|true/g;

type Damage = (bytes: Uint8Array) => Uint8Array;

const at = (bytes: Uint8Array, place: number): number => Math.floor(place * bytes.length);
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** What networks, proxies and broken servers do to bytes. */
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.constant<Damage>((bytes) => bytes),
  place.map<Damage>((end) => (bytes) => bytes.slice(0, at(bytes, end))),
  fc.tuple(place, fc.nat(255)).map<Damage>(([where, byte]) => (bytes) => {
    const changed = bytes.slice();
    changed[at(bytes, where)] = byte;
    return changed;
  }),
  fc.tuple(place, place).map<Damage>(([one, other]) => (bytes) => {
    const [from = 0, to = 0] = [at(bytes, one), at(bytes, other)].toSorted((a, b) => a - b);
    return joined([bytes.slice(0, from), bytes.slice(to)]);
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map<Damage>(
    ([where, more]) =>
      (bytes) =>
        joined([bytes.slice(0, at(bytes, where)), more, bytes.slice(at(bytes, where))]),
  ),
  place.map<Damage>((where) => (bytes) => joined([bytes, bytes.slice(at(bytes, where))])),
  fc.tuple(place, fc.constantFrom(...VALUES)).map<Damage>(
    ([where, value]) =>
      (bytes) =>
        withValue(bytes, where, value),
  ),
);

function withValue(bytes: Uint8Array, where: number, value: string): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const found = [...text.matchAll(VALUE)];
  const { index, 0: old } = found[Math.floor(where * found.length)] ?? { index: 0, 0: "" };
  return Buffer.from(text.slice(0, index) + value + text.slice(index + old.length), "latin1");
}

const scenario = fc.record({
  answer: fc.constantFrom(...ANSWERS),
  damages: fc.array(damage, { minLength: 1, maxLength: 3 }),
  type: fc.option(fc.constantFrom(...TYPES)),
  borders: fc.array(place, { maxLength: 6 }),
  isCut: fc.boolean(),
});

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function bytesOf({ chunks }: ProviderAnswer): Uint8Array {
  return joined(chunks.map((chunk) => Buffer.from(chunk as string)));
}

function chunksOf(bytes: Uint8Array, borders: readonly number[]): Uint8Array[] {
  const ends = [...borders.map((each) => at(bytes, each)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

/** A server that answers so. */
function serverOf(
  chunks: readonly Uint8Array[],
  headers: Readonly<Record<string, string>>,
  isCut: boolean,
): typeof fetch {
  return async () => {
    const left = chunks.filter(({ length }) => length > 0).map((chunk) => chunk.slice());
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = left.shift();
        if (next !== undefined) controller.enqueue(next);
        else if (isCut) controller.error(new TypeError("terminated"));
        else controller.close();
      },
    });
    return new Response(body, { headers });
  };
}

/** All that an application gets of an answer. */
async function seen(response: Response): Promise<unknown[]> {
  const parts: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      parts.push(part.slice());
    }
  } catch (thrown) {
    error = String(thrown);
  }
  return [response.status, Buffer.concat(parts).toString("latin1"), error];
}

/** Every number that the bytes hold, also inside of the frames of Bedrock, and in the headers. */
function numbersIn(bytes: Uint8Array, headers: Readonly<Record<string, string>>): Set<number> {
  const text = Buffer.from(bytes).toString("latin1");
  const framed = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([base64]) =>
    Buffer.from(base64, "base64").toString("latin1"),
  );
  const all = [text, ...framed, ...Object.values(headers)].join(" ");
  return new Set(
    [...all.matchAll(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)].map(([digits]) => Number(digits)),
  );
}

/** A count may be a sum of some, or one without another: no more is ever computed. */
function isFrom(numbers: ReadonlySet<number>, count: number): boolean {
  const reaches = (rest: number, parts: number): boolean =>
    numbers.has(rest) ||
    (parts > 0 && [...numbers].some((each) => each !== 0 && reaches(rest - each, parts - 1)));
  return reaches(count, 3) || [...numbers].some((each) => reaches(count + each, 1));
}

const COUNTS = /^(gen_ai\.usage\.|anthropic\.usage\.|lensai\.usage\.web)/;

describe("an answer that is damaged on its way", () => {
  test("reaches the application as it is, and tells nothing that it does not say", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ answer: [, answer], damages, type, borders, isCut }) => {
        const spans = recordSpans();
        const bytes = damages.reduce((damaged, each) => each(damaged), bytesOf(answer));
        const headers = { ...answer.headers, "content-type": type ?? answer.type };
        const server = serverOf(chunksOf(bytes, borders), headers, isCut);
        const observed = wrapFetch(server, { tracer: spans.tracer });
        const init = { method: "POST", body: JSON.stringify(answer.request ?? {}) };
        const plain = await seen(await server(answer.url, init));
        expect(await seen(await observed(answer.url, init))).toEqual(plain);
        // What ends a span runs behind the application's own reading.
        await new Promise((resolve) => setImmediate(resolve));
        const [span, ...others] = spans.all();
        expect(others).toEqual([]);
        if (span === undefined) throw new Error("there is no span");
        const numbers = numbersIn(bytes, answer.headers ?? {});
        const invented = Object.entries(span.attributes).filter(
          ([name, count]) => COUNTS.test(name) && !isFrom(numbers, count as number),
        );
        expect(invented).toEqual([]);
        const isMarked = ["lensai.observation.problem", "error.type"].some(
          (name) => span.attributes[name] !== undefined,
        );
        expect(isMarked || !isCut).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["ends too early", (text: string) => text.slice(0, -5), "body_malformed"],
    [
      "is longer than what is kept",
      (text: string) => text + " ".repeat(17 * 1024 * 1024),
      "body_too_large",
    ],
    ["is a page for people", () => "<html>Bad gateway</html>", "body_malformed"],
  ])("says so where it %s", async (_, change, problem) => {
    const spans = recordSpans();
    const text = change(JSON.stringify({ usage: { prompt_tokens: 5, completion_tokens: 7 } }));
    const headers = { "content-type": "application/json" };
    const observed = wrapFetch(async () => new Response(text, { headers }), {
      tracer: spans.tracer,
    });
    const url = "https://api.openai.com/v1/chat/completions";
    const response = await observed(url, { method: "POST", body: "{}" });
    expect((await response.text()) === text).toBe(true);
    const { attributes } = await spans.last();
    expect(attributes["lensai.observation.problem"]).toBe(problem);
    expect(attributes["lensai.usage.source"]).toBe("missing");
    expect(attributes["gen_ai.usage.input_tokens"]).toBeUndefined();
  });
});
