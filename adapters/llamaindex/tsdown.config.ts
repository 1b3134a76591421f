import { defineConfig } from "tsdown";

/** As the instrumentation is built; that package stays outside, because what it keeps per process is kept once. */
export default defineConfig({
  entry: ["src/instrument-llama-index.ts"],
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  dts: true,
  deps: {
    neverBundle: [/^@lensai\/instrumentation/],
    alwaysBundle: [/^@lensai\/otel-config/],
  },
});
