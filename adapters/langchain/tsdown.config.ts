import { defineConfig } from "tsdown";

/** As the instrumentation is built; that package stays outside, because what it keeps per process is kept once. */
export default defineConfig({
  entry: ["src/lens-handler.ts", "src/register-handler.ts"],
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  dts: true,
  deps: {
    neverBundle: [/^@lensai\/instrumentation/, /^@langchain\//],
    alwaysBundle: [/^@lensai\/otel-config/],
  },
});
