/**
 * Runs the object store's and the lake's tests against a real S3 server: a Ceph gateway on loopback, all in
 * temporary folders and on free ports. Ends with the tests' exit code.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { CEPH_PACKAGES, startCeph } from "./ceph.ts";
import type { CephGateway } from "./ceph.ts";
import { runCommand } from "./run-command.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");
const PROGRAMS = [
  "ceph-mon",
  "ceph-osd",
  "radosgw",
  "radosgw-admin",
  "ceph",
  "ceph-authtool",
  "monmaptool",
];

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = await missingPrograms();
  if (missing.length > 0) {
    console.error(`this test needs a real S3 server, Ceph's; missing: ${missing.join(", ")}`);
    console.error("on Debian or Ubuntu, as root:");
    console.error(`  apt-get install -y --no-install-recommends ${CEPH_PACKAGES.join(" ")}`);
    return 1;
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      interrupt.abort(new Error(`interrupted by ${name}`));
    });
  }
  const startedAtMs = performance.now();
  const gateway = await startCeph(interrupt.signal).catch((error: unknown) => {
    console.error(`the S3 server did not start: ${String(error)}`);
  });
  if (gateway === undefined) return 1;
  console.log(`Ceph gateway at ${gateway.endpoint} after ${secondsSince(startedAtMs)} s`);
  try {
    return await runTests(gateway, interrupt.signal);
  } finally {
    await gateway.stop();
    console.log(`test:s3 took ${secondsSince(startedAtMs)} s`);
  }
}

async function missingPrograms(): Promise<string[]> {
  const found = await Promise.allSettled(PROGRAMS.map((program) => runCommand("which", [program])));
  return PROGRAMS.filter((_, index) => found[index]?.status === "rejected");
}

/** An interrupt ends the tests, which leads to the clean-up. */
async function runTests(gateway: CephGateway, interrupt: AbortSignal): Promise<number> {
  const vitest = join(REPOSITORY, "node_modules", "vitest", "vitest.mjs");
  const config = join(REPOSITORY, "analytics", "test", "s3", "vitest.config.ts");
  // Whoever runs this may ask for another reporter.
  const options = process.argv.slice(2);
  const tests = spawn(process.execPath, [vitest, "run", "--config", config, ...options], {
    cwd: REPOSITORY,
    stdio: "inherit",
    env: {
      ...process.env,
      LENSAI_TEST_S3_ENDPOINT: gateway.endpoint,
      LENSAI_TEST_S3_ACCESS_KEY_ID: gateway.accessKeyId,
      LENSAI_TEST_S3_SECRET_ACCESS_KEY: gateway.secretAccessKey,
    },
  });
  interrupt.addEventListener("abort", () => tests.kill());
  const [code] = (await once(tests, "exit")) as [number | null];
  return code ?? 1;
}

function secondsSince(startedAtMs: number): string {
  return ((performance.now() - startedAtMs) / 1000).toFixed(1);
}
