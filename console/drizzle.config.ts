import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/lib/server/db/schema/*.ts",
  out: "./src/lib/server/db/migrations",
  // Must equal the casing given to drizzle() in client.ts.
  casing: "snake_case",
});
