import { expect, test } from "vitest";
import { readyBlock, type ReadyFacts } from "../../launcher/ready-block.ts";

const facts: ReadyFacts = {
  consoleUrl: "http://127.0.0.1:3000",
  otlpHttpUrl: "http://127.0.0.1:4318",
  otlpGrpcUrl: "http://127.0.0.1:4317",
  apiKey: "lensai_key",
  dataDir: "/srv/apps/lensai/.lensai",
  lakeUrl: "file:///srv/apps/lensai/.lensai/lake",
};
const WORKING_DIR = "/srv/apps/lensai";

const seedLine = (changed: Partial<ReadyFacts>): string | undefined =>
  readyBlock({ ...facts, ...changed }, WORKING_DIR)
    .split("\n")
    .find((line) => line.endsWith("seed"))
    ?.trim();

test("prints a short seed command for the usual folder and ports", () => {
  expect(seedLine({})).toBe("npx pnpm@12 seed");
});

test("prints a seed command that finds other ports and another folder from another terminal", () => {
  expect(
    seedLine({
      consoleUrl: "http://127.0.0.1:3400",
      otlpHttpUrl: "http://127.0.0.1:4518",
      dataDir: "/data/ann's files",
    }),
  ).toBe(
    String.raw`LENSAI_DATA_DIR='/data/ann'\''s files' LENSAI_CONSOLE_PORT=3400 LENSAI_OTLP_HTTP_PORT=4518 npx pnpm@12 seed`,
  );
});
