import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Kit takes its root from Vite; without this, vitest started at the repo root does not find src/app.html.
  root: import.meta.dirname,
  plugins: [
    sveltekit({
      adapter: adapter(),
      // Kit compares with https:// unless the URL is known when it is built; hooks.server.ts has the check.
      csrf: { trustedOrigins: ["*"] },
      csp: {
        mode: "auto",
        directives: {
          "default-src": ["self"],
          "script-src": ["self"],
          // Charts place their marks with style attributes, which nonces cannot cover.
          "style-src": ["self", "unsafe-inline"],
          "img-src": ["self", "data:"],
          "connect-src": ["self"],
          "object-src": ["none"],
          "base-uri": ["none"],
          "form-action": ["self"],
          "frame-ancestors": ["none"],
        },
      },
    }),
  ],
  // Of a library's hundreds of components only those that some page uses are compiled.
  build: { rolldownOptions: { experimental: { lazyBarrel: true } } },
  environments: {
    ssr: {
      build: {
        // Imported as they are: DuckDB's binary cannot be bundled, and LensError must be one class on both
        // sides. (Vite's own `ssr.external` passes over TypeScript sources.)
        rolldownOptions: { external: [/^@lensai\//] },
      },
    },
  },
  test: {
    name: "console",
    include: ["test/**/*.test.ts"],
    // One PostgreSQL per run; each test file has a database of its own in it.
    globalSetup: ["test/support/global-setup.ts"],
  },
});
