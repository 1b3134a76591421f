import { writeFileSync } from "node:fs";
import { IncomingMessage } from "node:http";
import data from "./steps.json" with { type: "json" };

/**
 * What every client is asked to do is data, in steps.json: a step is a call with its prompt, and the words
 * in braces tell the fake provider how to answer.
 */
export const MODELS = data.models;
export const TOOL = data.tool;
export const TOOL_SCHEMA = { type: "object", properties: { city: { type: "string" } } };

/** Which scenario to run, and where the fake provider and the receiver are. */
export const settings = {
  scenario: process.argv[2],
  providerUrl: process.env.PROVIDER_URL,
  otlpUrl: process.env.OTEL_EXPORTER_OTLP_ENDPOINT,
  /** Run the application alone, to compare what it sees. */
  isObserved: process.env.OBSERVED !== "no",
};

/** Apart in time, so that no two calls can be taken for one. */
const PAUSE_MS = 60;

/** What the application saw: the result or the error of every call. */
const outcomes = [];

/**
 * Runs the steps of the scenario, one after the other; `run` gets a step, makes the call and answers with
 * what it gets. A step that is to fail must fail, and no other may: an instrumentation that breaks its
 * application is reported. Where OUTCOMES names a file, it gets all that the application saw.
 */
export async function runScenario(run) {
  for (const name of data.scenarios[settings.scenario]) {
    const step = { api: "chat", ...data.steps[name] };
    await Promise.all(Array.from({ length: step.times ?? 1 }, () => attempt(name, step, run)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  // Calls at the same time end in any order.
  const seen = outcomes.map((outcome) => JSON.stringify(outcome)).sort();
  if (process.env.OUTCOMES) writeFileSync(process.env.OUTCOMES, `[${seen.join(",\n")}]\n`);
}

async function attempt(name, step, run) {
  try {
    const result = await run(step);
    outcomes.push({ name, result: step.aborts ? "left" : shown(result) });
    if (step.fails) console.log(`    step ${name}: no error reached the application`);
  } catch (error) {
    outcomes.push({ name, error: step.aborts ? "left" : shown(error) });
    if (step.fails || step.aborts) return;
    console.log(`    step ${name}: ${error?.name}: ${String(error?.message).slice(0, 200)}`);
  }
}

/** Reads a stream and answers with its chunks; leaves after the first one when the step aborts. */
export async function readStream(stream, { aborts }, abort) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    if (!aborts) continue;
    abort?.();
    break;
  }
  return chunks;
}

const DEPTH_MAX = 8;
/** Other at every run, whoever looks on. */
const VARIES =
  /^(socket|date|timestamp|stack|.*Headers|headers|latencyMs|performance|traceId|createdAt)$/;

/** Made by the AI SDK for each message, and each call. */
const RANDOM_ID = /\b(?:msg|aitxt|aiobj|call)-\w{24}\b/g;

/** A value with the classes of its parts, for comparison. */
function shown(value, depth = 0) {
  if (typeof value === "string") {
    return value.replaceAll(settings.providerUrl, "").replaceAll(RANDOM_ID, "id");
  }
  if (typeof value === "function" || typeof value === "symbol") return typeof value;
  if (typeof value !== "object" || value === null) return value ?? String(value);
  return depth === DEPTH_MAX ? "…" : shownObject(value, depth);
}

function shownObject(value, depth) {
  if (Array.isArray(value)) return value.map((each) => shown(each, depth + 1));
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof IncomingMessage) return shownAnswer(value);
  const names = Object.getOwnPropertyNames(value).filter((name) => !VARIES.test(name));
  return {
    class: value.constructor?.name,
    ...Object.fromEntries(names.map((name) => [name, shown(value[name], depth + 1)])),
  };
}

/** Not its socket and what was sent by it: ports, dates and signatures are never the same. */
function shownAnswer({ constructor, statusCode, statusMessage, complete, aborted, destroyed }) {
  return { class: constructor.name, statusCode, statusMessage, complete, aborted, destroyed };
}

/** A broken stream must not end the process: it is one of the steps. */
process.on("unhandledRejection", (error) => {
  console.log(`    unhandled rejection: ${error?.message}`);
});
process.on("uncaughtException", (error) => {
  console.log(`    uncaught exception: ${error?.message}`);
});
