/** One run of a test program of an SDK's repository; it writes a report of the form that Jest and Vitest share. */
export interface SuitePart {
  readonly name: string;
  /** Below the repository. */
  readonly cwd: string;
  /** Of the program in `node_modules/.bin`; where the report goes is added. */
  readonly command: readonly [program: string, ...args: string[]];
}

/** The test suite of an SDK's makers, as far as it runs without their servers. */
export interface OfficialSuite {
  readonly name: string;
  readonly repository: string;
  readonly tag: string;
  /** The package manager that its lock file is of. */
  readonly pnpm: string;
  readonly parts: readonly SuitePart[];
}

/** Left out: tests that were generated from a description of the API, and ask a mock server that is made from it. */
const GENERATED = "api-resources";
/** And tests of the repository's own tools: its linter, and what it starts for other runtimes. */
const TOOLS = ["tests/ecosystem-*.test.ts", "tests/oxlint-*.test.ts"];

export const OFFICIAL_SUITES: readonly OfficialSuite[] = [
  {
    name: "openai",
    repository: "https://github.com/openai/openai-node.git",
    tag: "v7.5.0",
    pnpm: "11.5.1",
    parts: [
      {
        name: "unit",
        cwd: ".",
        command: [
          "vitest",
          "run",
          "--config",
          "vitest.config.mts",
          ...TOOLS.map((pattern) => `--exclude=${pattern}`),
        ],
      },
      {
        name: "client",
        cwd: ".",
        command: ["jest", "--testPathIgnorePatterns", GENERATED, "scripts", "live"],
      },
    ],
  },
  {
    name: "@anthropic-ai/sdk",
    repository: "https://github.com/anthropics/anthropic-sdk-typescript.git",
    tag: "sdk-v0.120.0",
    pnpm: "10.34.5",
    parts: [
      {
        name: "sdk",
        cwd: ".",
        command: ["jest", "--testPathIgnorePatterns", GENERATED, "scripts"],
      },
    ],
  },
];
