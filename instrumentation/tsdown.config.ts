import { defineConfig } from "tsdown";
import type { UserConfig } from "tsdown";

const ENTRIES = [
  "configure",
  "content/content-capture",
  "export/fetch-exporter",
  "fetch/wrap-fetch",
  "fetch/instrument-fetch",
  "guard/guard",
  "guard/refusal",
  "guard/refusal-of",
  "manual/attribution",
  "manual/estimate-cost",
  "manual/trace-llm",
  "runs/run-spans",
  "runs/trace-work",
  "doctor/main",
];

const sourceOf = (name: string): [string, string] => [name, `src/${name}.ts`];

const published: UserConfig = {
  target: "node20",
  platform: "node",
  dts: true,
  deps: {
    neverBundle: [/^@opentelemetry\//],
    alwaysBundle: [/^@lensai\//, "@pydantic/genai-prices"],
  },
};

/**
 * The published form: both module systems, for the oldest Node that is supported. The contract is built in,
 * with its price list, because it is not published by itself; OpenTelemetry stays outside, because a process must have it once.
 */
export default defineConfig([
  {
    ...published,
    format: "esm",
    entry: { register: "src/register.ts", ...Object.fromEntries(ENTRIES.map(sourceOf)) },
  },
  {
    ...published,
    format: "cjs",
    // The first build has emptied the folder, and its files stay.
    clean: false,
    entry: { register: "src/register-at-once.ts", ...Object.fromEntries(ENTRIES.map(sourceOf)) },
  },
]);
