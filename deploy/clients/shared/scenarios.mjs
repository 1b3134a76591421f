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
};

/** Apart in time, so that no two calls can be taken for one. */
const PAUSE_MS = 60;

/**
 * Runs the steps of the scenario, one after the other; `run` gets a step and makes the call. A step that is
 * to fail must fail, and no other may: an instrumentation that breaks its application is reported.
 */
export async function runScenario(run) {
  for (const name of data.scenarios[settings.scenario]) {
    const step = { api: "chat", ...data.steps[name] };
    await Promise.all(Array.from({ length: step.times ?? 1 }, () => attempt(name, step, run)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function attempt(name, step, run) {
  try {
    await run(step);
    if (step.fails) console.log(`    step ${name}: no error reached the application`);
  } catch (error) {
    if (step.fails || step.aborts) return;
    console.log(`    step ${name}: ${error?.name}: ${String(error?.message).slice(0, 200)}`);
  }
}

/** Reads a stream; leaves after the first chunk when the step aborts. */
export async function readStream(stream, { aborts }, abort) {
  for await (const chunk of stream) {
    void chunk;
    if (!aborts) continue;
    abort?.();
    break;
  }
}

/** A broken stream must not end the process: it is one of the steps. */
process.on("unhandledRejection", (error) => {
  console.log(`    unhandled rejection: ${error?.message}`);
});
process.on("uncaughtException", (error) => {
  console.log(`    uncaught exception: ${error?.message}`);
});
