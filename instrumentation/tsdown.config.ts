import { defineConfig } from "tsdown";

/**
 * The published form: both module systems, for the oldest Node that is supported. The contract is built in,
 * with its price list, because it is not published by itself; OpenTelemetry stays outside, because a process must have it once.
 */
export default defineConfig({
  entry: [
    "src/register.ts",
    "src/configure.ts",
    "src/content/content-capture.ts",
    "src/export/fetch-exporter.ts",
    "src/fetch/{wrap,instrument}-fetch.ts",
    "src/guard/{guard,refusal,refusal-of}.ts",
    "src/manual/{attribution,estimate-cost,trace-llm}.ts",
    "src/runs/{run-spans,trace-work}.ts",
    "src/doctor/main.ts",
  ],
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  dts: true,
  deps: {
    neverBundle: [/^@opentelemetry\//],
    alwaysBundle: [/^@lensai\//, "@pydantic/genai-prices"],
  },
});
