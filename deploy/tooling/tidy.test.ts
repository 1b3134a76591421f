import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ALLOCATOR_ENV, NODE_FLAGS } from "@lensai/collector/process-options";
import { CONSOLE_ALLOCATOR_ENV, CONSOLE_NODE_FLAGS } from "../launcher/stack.ts";
import { ERROR_CODES } from "@lensai/otel-config/errors";
import { describe, expect, it } from "vitest";
import { GENERATED_FILES } from "./generated-files.ts";
import { repositoryFiles, ROOT, type RepositoryFile } from "./repository.ts";

const CODE = [".ts", ".js", ".svelte"];
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** "path:line: text" of each line that matches. */
function linesMatching(files: readonly RepositoryFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
}

/** Without this file, which spells the words that it looks for. */
const others = (files: readonly RepositoryFile[]): RepositoryFile[] =>
  files.filter(({ path }) => path !== "deploy/tooling/tidy.test.ts");

describe.each([
  {
    name: "collector",
    flags: NODE_FLAGS,
    program: "collector/src/main.ts",
    allocator: ALLOCATOR_ENV,
  },
  {
    name: "console",
    flags: CONSOLE_NODE_FLAGS,
    program: "build/index.js",
    allocator: CONSOLE_ALLOCATOR_ENV,
  },
])("the image of the $name", ({ name, flags, program, allocator }) => {
  const image = read(`deploy/docker/${name}.Dockerfile`);

  it("starts with the options of Node that the launcher passes", () => {
    const command = JSON.stringify(["node", ...flags, program]);
    expect(image.replaceAll(", ", ",")).toContain(`CMD ${command}`);
  });

  it("has the patches of packages wherever it installs them", () => {
    const patches = [...read("pnpm-workspace.yaml").matchAll(/^ +\S+@\S+: (\S+)\/\S+\.patch$/gm)];
    expect(patches).not.toEqual([]);
    for (const stage of image.split(/^FROM /m).filter((text) => text.includes("install"))) {
      for (const [, folder] of patches) expect(stage).toContain(`COPY ${folder} ${folder}\n`);
    }
  });

  it("has the allocator settings that the launcher passes", () => {
    for (const [setting, value] of Object.entries(allocator)) {
      expect(image).toContain(`${setting}=${value}`);
    }
  });
});

describe("documentation", () => {
  it("has one section per error code and no other", () => {
    const sections = read("console/content/docs/errors.md").matchAll(/^## (\S+)$/gm);
    const titles: string[] = Array.from(sections, (match) => match[1] as string);
    expect(titles).toEqual([...ERROR_CODES]);
  });

  it.each(GENERATED_FILES)("holds $path as npx pnpm@12 generate writes it", ({ path, render }) => {
    const present = read(path);
    expect(present).toBe(render(present));
  });

  it("links only to files that exist", () => {
    const broken = repositoryFiles([".md"]).flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => match[1] as string)
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("cites only paths of this repository that exist", () => {
    const cited =
      /`((?:otel-config|analytics|collector|console|deploy|instrumentation|adapters)\/[\w./[\]()+-]+)`/g;
    const missing = repositoryFiles([".md"]).flatMap(({ path, text }) =>
      [...text.matchAll(cited)]
        .map((match) => match[1] as string)
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it("numbers the ADRs without a gap, and each says how to confirm it", () => {
    const files = readdirSync(join(ROOT, "console/content/adr")).sort();
    const numbers = files.map((file) => Number(file.slice(0, 4)));
    expect(numbers).toEqual(files.map((_, index) => index + 1));
    const sections = ["## Context", "## Decision", "## Consequences", "## Confirmation"];
    const incomplete = files.filter((file) => {
      const text = read(`console/content/adr/${file}`);
      return sections.some((section) => !text.includes(`\n${section}\n`));
    });
    expect(incomplete).toEqual([]);
  });
});

describe("packages", () => {
  const packages = globSync(["*/package.json", "adapters/*/package.json"], { cwd: ROOT })
    .filter((path) => !path.startsWith("node_modules"))
    .map((path) => dirname(path));

  it.each(packages)("%s has a README of at most 120 lines with its invariants", (folder) => {
    const text = read(`${folder}/README.md`);
    expect(text).toMatch(/^## .*invariants/im);
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(120);
  });

  it("the contract has one dependency, the price data", () => {
    const manifest = JSON.parse(read("otel-config/package.json")) as { dependencies?: object };
    expect(Object.keys(manifest.dependencies ?? {})).toEqual(["@pydantic/genai-prices"]);
  });

  it("only the console, and the tests of the whole, know a PostgreSQL driver", () => {
    const withDriver = packages.filter((folder) => {
      const { dependencies, devDependencies } = JSON.parse(read(`${folder}/package.json`)) as {
        dependencies?: object;
        devDependencies?: object;
      };
      // The console bundles its driver, which makes it a devDependency there.
      return Object.keys({ ...dependencies, ...devDependencies }).some((name) =>
        /^(postgres|pg|drizzle-orm)$/.test(name),
      );
    });
    expect(withDriver.toSorted()).toEqual(["console"]);
  });
});

describe("code", () => {
  const code = repositoryFiles(CODE);
  const everything = repositoryFiles([
    ...CODE,
    ".md",
    ".yml",
    ".yaml",
    ".json",
    ".sh",
    "Dockerfile",
    ".ci/run",
  ]);

  it("has no unfinished work and no focused or skipped test", () => {
    const words = /\b(FIXME|XXX|HACK)\b|\bTODO\b(?! #\d)|\b(describe|it|test)\.(only|skip|todo)\b/;
    expect(linesMatching(others(code), words)).toEqual([]);
  });

  it("puts no raw HTML into pages except rendered documentation", () => {
    const raw = linesMatching(
      code.filter(({ path }) => path.endsWith(".svelte")),
      /\{@html/,
    );
    expect(raw.filter((line) => !line.startsWith("console/src/routes/docs/"))).toEqual([]);
  });

  it("names no folder of a developer's machine and no package registry", () => {
    const places =
      /(?<![\w.])\/(work|farm|home\/\w+|Users\/\w+)\/|registry\.npmjs|deb\.debian\.org|proxy\.golang|pypi\.org/;
    expect(linesMatching(others(everything), places)).toEqual([]);
  });

  it("imports other packages by file, never by their root", () => {
    const root = /from "@lensai\/[a-z-]+"/;
    expect(linesMatching(others(code), root)).toEqual([]);
  });
});

describe("migrations", () => {
  it("are numbered without a gap and listed in the journal in the same order", () => {
    const folder = "console/src/lib/server/db/migrations";
    const files = readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".sql"))
      .sort();
    expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, index) => index));
    const journal = JSON.parse(read(`${folder}/meta/_journal.json`)) as {
      entries: { idx: number; tag: string }[];
    };
    expect(journal.entries.map((entry) => `${entry.tag}.sql`)).toEqual(files);
  });
});
