/**
 * Speed of the redactor beside eight sequential regular expressions, interleaved in one run, and its cost
 * on hostile input of 4 KB and 64 KB. Run: node otel-config/bench/redaction.ts
 */
import { createRedactor } from "../src/redaction/redactor.ts";
import { baselineRedact } from "../test/redaction/baseline.ts";
import { messageCorpus, seededRandom } from "../test/redaction/corpus.ts";
import { HOSTILE_UNITS, hostileText } from "../test/redaction/hostile.ts";

const ROUNDS = 25;
const SEED = 7;
const SPANS = 512;
const ATTRIBUTES_PER_SPAN = 25;
const KB = 1024;

const encoder = new TextEncoder();
const redactor = createRedactor();

/** The fastest round: what the code costs when nothing else runs on the machine. */
function best(values: readonly number[]): number {
  return Math.min(...values);
}

function elapsedNs(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

/** A message as the decoder sees it: text fields between keys and binary, and where the fields are. */
function buildBody(contents: readonly string[]): { bytes: Uint8Array; fields: [number, number][] } {
  const parts: Uint8Array[] = [];
  const fields: [number, number][] = [];
  const random = seededRandom(SEED);
  let size = 0;
  const add = (text: string, isField: boolean): void => {
    const bytes = encoder.encode(text);
    parts.push(bytes);
    if (isField) fields.push([size, size + bytes.length]);
    size += bytes.length;
  };
  for (let span = 0; span < SPANS; span += 1) {
    for (let i = 0; i < ATTRIBUTES_PER_SPAN; i += 1) {
      add(`\u0012\u0019gen_ai.usage.attribute_${String(i)}\u0012\u0006\n\u0004`, false);
      add(i % 3 === 0 ? `value-${Math.floor(random() * 1e6).toString(36)}` : "chat", i % 2 === 0);
    }
    const content = contents[span];
    if (content !== undefined) add(content, true);
    add("\u0000\u0001\u0009", false);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, fields };
}

function compare(name: string, contents: readonly string[]): void {
  const { bytes, fields } = buildBody(contents);
  const working = new Uint8Array(bytes.length);
  const ours: number[] = [];
  const naive: number[] = [];
  let masked = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    working.set(bytes);
    ours.push(
      elapsedNs(() => {
        redactor.open(working);
        masked = 0;
        for (const [start, end] of fields) masked += redactor.maskField(start, end);
      }),
    );
    const source = Buffer.from(bytes.buffer);
    naive.push(
      elapsedNs(() => {
        for (const [start, end] of fields) baselineRedact(source.toString("latin1", start, end));
      }),
    );
  }
  const mbPerSecond = (ns: number): string => ((bytes.length / ns) * 1000).toFixed(0).padStart(6);
  const ratio = best(naive) / best(ours);
  console.log(
    `${name.padEnd(28)} ${(bytes.length / KB).toFixed(0).padStart(6)} KB ${mbPerSecond(best(ours))} MB/s ` +
      `${mbPerSecond(best(naive))} MB/s  ${ratio.toFixed(1).padStart(6)}x  ` +
      `${(best(ours) / SPANS / 1000).toFixed(2)} us/span  ${String(masked)} masked`,
  );
}

function compareFields(contents: readonly string[]): void {
  const sources = contents.map((text) => encoder.encode(text));
  const total = sources.reduce((sum, source) => sum + source.length, 0);
  const buffers = sources.map((source) => source.slice());
  const ours: number[] = [];
  const naive: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, source] of sources.entries()) (buffers[i] as Uint8Array).set(source);
    ours.push(
      elapsedNs(() => {
        for (const buffer of buffers) {
          redactor.open(buffer);
          redactor.maskField(0, buffer.length);
        }
      }),
    );
    naive.push(
      elapsedNs(() => {
        for (const source of sources) baselineRedact(Buffer.from(source.buffer).toString("latin1"));
      }),
    );
  }
  const perSecond = (ns: number): string => ((total / ns) * 1000).toFixed(0).padStart(6);
  console.log(
    `${"content fields, one by one".padEnd(28)} ${(total / KB).toFixed(0).padStart(6)} KB ${perSecond(best(ours))} MB/s ` +
      `${perSecond(best(naive))} MB/s  ${(best(naive) / best(ours)).toFixed(1).padStart(6)}x  ` +
      `${(best(ours) / sources.length / 1000).toFixed(2)} us/field of ${(total / sources.length).toFixed(0)} B`,
  );
}

function hostileNs(text: string): number {
  const source = encoder.encode(text);
  const bytes = source.slice();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bytes.set(source);
    times.push(
      elapsedNs(() => {
        redactor.open(bytes);
        redactor.maskField(0, bytes.length);
      }),
    );
  }
  return best(times);
}

const { fields: contents } = messageCorpus(seededRandom(SEED), {
  bytes: 1_400_000,
  plantEvery: 4096,
});
console.log(`${" ".repeat(38)}    redactor    8 regexes   ratio`);
compareFields(contents);
compareFields(contents);
compare("512 spans with content", contents.slice(0, SPANS));
compare(
  "512 spans, content on half",
  contents.slice(0, SPANS).filter((_, i) => i % 2 === 0),
);
compare("512 spans without content", []);
console.log("\nhostile input                   4 KB us   64 KB us   ratio");
for (const unit of HOSTILE_UNITS) {
  const [small, large] = [4 * KB, 64 * KB].map((size) => hostileNs(hostileText(unit, size))) as [
    number,
    number,
  ];
  console.log(
    `${JSON.stringify(unit).padEnd(28)} ${(small / 1000).toFixed(1).padStart(10)} ${(large / 1000).toFixed(1).padStart(10)} ${(large / small).toFixed(1).padStart(7)}`,
  );
}
