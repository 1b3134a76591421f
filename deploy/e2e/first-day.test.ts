import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { formatUsd } from "@lensai/otel-config/money";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lakeSummary } from "../test/support/lake-summary.ts";
import { launched, processesOf, type LaunchedStack } from "../test/support/launched-stack.ts";
import { ONE_CALL_NANO_USD } from "../test/support/one-call.ts";
import { temporaryFolder, type TemporaryFolder } from "../test/support/temporary-folder.ts";
import { waitFor } from "../test/support/wait-for.ts";
import { accessibilityProblems, startBrowser, takePicture } from "./browser.ts";

/** From the acknowledgement of an export to the number on the page. */
const FRESHNESS_BAR_MS = 5000;
/** Far above the pause between two questions of a collector for what the console has changed. */
const CONTROL_TIMEOUT_MS = 30_000;
const SEEDED = { days: 8, spansPerDay: 300 };

/** Beside the overview, and the pages that are looked at while something is done on them. */
const PAGES = [
  "/projects/support/calls?range=30d&by=user",
  "/projects/support/calls?range=30d&by=team&and=model&without=feature",
  "/projects/storefront/sources?range=30d",
  "/projects/storefront/prices?provider=openai&model=gpt-4o-mini",
  "/projects/storefront/reconcile",
  "/projects/support/budgets",
  "/projects/support/budgets/new?name=all&limitUsd=5&kind=day&timeZone=UTC&mode=enforce&preview=1",
  "/projects/support/alerts",
  "/projects/storefront/billing",
  "/projects/support/audit",
  "/projects/support/settings",
  "/organizations/default/members",
  "/organizations/default/projects/new",
  "/docs/quick-start",
  "/docs/api",
  "/sign-in",
];

/** To load one, look at it and take its picture, on a machine that does other things too. */
const PAGE_TIMEOUT_MS = 10_000;

let folder: TemporaryFolder;
let dataDir: string;
let stack: LaunchedStack;
let browser: Browser | undefined;
let page: Page;

beforeAll(async () => {
  folder = temporaryFolder();
  dataDir = join(folder.path, "data");
  browser = await startBrowser();
  stack = await launched(dataDir);
  // axe opens a page of its own, which only a context of one's own allows.
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
  });
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await stack.stop();
  folder.remove();
});

const open = (path: string): Promise<unknown> => page.goto(`${stack.consoleUrl}${path}`);
const spendTile = () => page.locator("dt", { hasText: /^Spend$/ }).locator("xpath=../dd");

/** How far the page is wider than the window. */
const sidewaysOverflowPx = (): Promise<number> =>
  page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth");

/** Runs an unmodified OpenTelemetry app; returns when its export was acknowledged (ms since the epoch). */
async function runOtelApp(): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, "otel-app.ts")],
    { env: { PATH: process.env["PATH"], OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpHttpUrl } },
  );
  return Number(stdout.trim());
}

const portOf = (url: string): string => new URL(url).port;

async function seed(): Promise<string> {
  const subprocess = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "../seed/main.ts"),
      `--days=${SEEDED.days}`,
      `--spans-per-day=${SEEDED.spansPerDay}`,
    ],
    {
      env: {
        PATH: process.env["PATH"],
        LENSAI_DATA_DIR: dataDir,
        LENSAI_CONSOLE_PORT: portOf(stack.consoleUrl),
        LENSAI_OTLP_HTTP_PORT: portOf(stack.otlpHttpUrl),
      },
    },
  );
  let output = "";
  subprocess.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  subprocess.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => subprocess.on("close", resolve));
  if (code !== 0) throw new Error(`the seed ended with ${code}:\n${output}`);
  return output;
}

/** What the summary of the seed says about a project. */
function seededSpend(output: string, id: string): string {
  return new RegExp(`^  ${id} .* (\\$\\S+)$`, "m").exec(output)?.[1] ?? "no such project";
}

/** What the collector tells guards to stop. */
async function stopped(): Promise<readonly { reason: string }[]> {
  const answer = await fetch(`${stack.otlpHttpUrl}/v1/control`);
  return ((await answer.json()) as { killSwitches: { reason: string }[] }).killSwitches;
}

describe("the first day with LensAI", () => {
  let seedOutput = "";

  it("waits with something to paste while there is no data", async () => {
    await open("/projects/default");
    await page.getByText("Waiting for the first span").waitFor();
    const snippet = new RegExp(
      `OTEL_EXPORTER_OTLP_ENDPOINT=http://(127\\.0\\.0\\.1|localhost):${portOf(stack.otlpHttpUrl)}`,
    );
    expect(await page.locator("main").innerText()).toMatch(snippet);
    expect(await accessibilityProblems(page)).toEqual([]);
    await takePicture(page, "empty");
    await page.setViewportSize({ width: 360, height: 900 });
    expect(await sidewaysOverflowPx()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it(`shows an unmodified OpenTelemetry app's first call within ${FRESHNESS_BAR_MS / 1000} s, without a reload`, async () => {
    await page.evaluate("window.wasNotReloaded = true");
    const acknowledgedAtMs = await runOtelApp();
    await spendTile().waitFor();
    const freshnessMs = Date.now() - acknowledgedAtMs;
    console.log(`freshness: ${freshnessMs} ms from the acknowledgement to the page`);
    expect(await page.evaluate("window.wasNotReloaded")).toBe(true);
    expect(await spendTile().innerText()).toContain(formatUsd(ONE_CALL_NANO_USD));
    expect(freshnessMs).toBeLessThan(FRESHNESS_BAR_MS);
    await takePicture(page, "first-call");
  });

  it("shows what the seed says it sent", async () => {
    seedOutput = await seed();
    const spend = seededSpend(seedOutput, "support");
    const isLanded = async (): Promise<true | undefined> =>
      formatUsd((await lakeSummary(dataDir, "support")).costNanoUsd) === spend || undefined;
    await waitFor("the spend that the seed announced to be in the lake", isLanded);
    await open("/projects/support?range=30d");
    await expect.poll(() => spendTile().innerText(), { timeout: 10_000 }).toContain(spend);
    const main = await page.locator("main").innerText();
    for (const part of ["Cost over time", "claude-sonnet-4-5", "support-user-", "Newest calls"]) {
      expect(main).toContain(part);
    }
    await takePicture(page, "dashboard-light");
  });

  it("keeps the time range in the address over a reload", async () => {
    await page.getByRole("link", { name: "Last 7 days" }).click();
    await page.waitForURL(/range=7d/);
    await page.reload();
    expect(page.url()).toContain("range=7d");
    expect(await page.getByRole("link", { name: "Last 7 days" }).getAttribute("aria-current")).toBe(
      "true",
    );
  });

  it.each([
    ["light", 1440],
    ["dark", 1440],
    ["light", 360],
    ["dark", 360],
  ] as const)(
    "has no accessibility problem and no sideways scrolling: %s, %i px",
    async (colorScheme, width) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await open("/projects/support?range=30d");
      await spendTile().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sidewaysOverflowPx()).toBeLessThanOrEqual(0);
      await takePicture(page, `dashboard-${colorScheme}-${width}`);
    },
  );

  it.each([
    ["light", 1440],
    ["dark", 360],
  ] as const)(
    "has no accessibility problem and no sideways scrolling on any page: %s, %i px",
    async (colorScheme, width) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await open("/projects/support/calls?range=30d");
      const call = await page.locator("td a").first().getAttribute("href");
      const found: string[] = [];
      for (const path of ["/", `${call}&arithmetic=`, ...PAGES]) {
        await open(path);
        for (const problem of await accessibilityProblems(page)) found.push(`${path} ${problem}`);
        if ((await sidewaysOverflowPx()) > 0) found.push(`${path} is wider than the window`);
        const name = path.replaceAll(/\W+/g, "-").slice(0, 60);
        await takePicture(page, `${name}-${colorScheme}-${width}`);
      }
      expect(found).toEqual([]);
    },
    PAGES.length * PAGE_TIMEOUT_MS,
  );

  it("gives the breakdown of calls away as CSV", async () => {
    for (const [query, head] of [
      [
        "by=model",
        "model,cost_usd,calls,calls_without_cost,input_tokens,output_tokens,p95_latency_ms",
      ],
      ["by=team&and=model", "team,model,cost_usd,calls,calls_without_cost"],
    ]) {
      await open(`/projects/support/calls?range=30d&${query}`);
      const downloading = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download as CSV" }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^support-cost-by-[a-z-]+\.csv$/);
      const lines = readFileSync(await download.path(), "utf8").split("\r\n");
      expect(lines[0]).toBe(head);
      expect(lines.length).toBeGreaterThan(2);
    }
  });

  it("stops calls and lets them go again, and guards hear of both", async () => {
    await open("/projects/default/control");
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await sidewaysOverflowPx()).toBeLessThanOrEqual(0);
    await page.getByLabel("Team").fill("support");
    await page.getByRole("button", { name: "See whom it meets" }).click();
    await page.getByLabel("Reason").fill("the triage agent loops");
    expect(await accessibilityProblems(page)).toEqual([]);
    await takePicture(page, "control-preview");
    await page.getByRole("button", { name: "Stop these calls" }).click();
    await page.getByRole("button", { name: "Release" }).waitFor();
    await expect
      .poll(stopped, { timeout: CONTROL_TIMEOUT_MS })
      .toMatchObject([{ reason: "the triage agent loops" }]);
    expect(await accessibilityProblems(page)).toEqual([]);
    await takePicture(page, "control-stopped");
    await page.getByLabel("Why the calls may go again").fill("fixed");
    await page.getByRole("button", { name: "Release" }).click();
    await page.getByText("Nothing is stopped").waitFor();
    await expect.poll(stopped, { timeout: CONTROL_TIMEOUT_MS }).toEqual([]);
  });

  it("shows the documentation", async () => {
    await open("/docs/what-a-200-means");
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("What a 200 means");
    // The page with the broadest table, on the small screen of the tests before.
    await open("/docs/settings");
    expect(await sidewaysOverflowPx()).toBeLessThanOrEqual(0);
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it("shows the same after a restart, and leaves no process behind", async () => {
    expect(await stack.stop("SIGTERM")).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
    stack = await launched(dataDir);
    await open("/projects/support?range=30d");
    expect(await spendTile().innerText()).toContain(seededSpend(seedOutput, "support"));
  });
});
