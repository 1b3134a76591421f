import { LensError } from "@lensai/otel-config/errors";
import { createCollector } from "./collector.ts";
import { LakePipeline } from "./lake-pipeline.ts";
import { createLog } from "./log.ts";
import { requireStartable } from "./preflight.ts";
import { readConfig } from "./read-config.ts";

/** The collector process: environment -> configuration -> collector, until a signal asks it to stop. */
async function main(): Promise<void> {
  const log = createLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  const config = await readConfig(process.env, process.cwd());
  await requireStartable(config);
  const pipeline = new LakePipeline(config, { log });
  const collector = createCollector(config, {
    pipeline,
    nowMs: Date.now,
    log,
    priceOverrides: pipeline.prices,
  });
  await collector.start();
  const { httpPort, grpcPort } = collector;
  const signalled = firstSignal();
  log.info("collector is ready", { address: config.bindAddress, httpPort, grpcPort });
  const signal = await signalled;
  log.info("collector is stopping", { signal });
  await collector.stop();
  log.info("collector has stopped");
  process.exit(0);
}

/**
 * Resolves with the first signal. A second one means: now. What was acknowledged is on disk already. The
 * listeners stay: without one, Node would let the signal kill the process with another exit code.
 */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(1);
      isStopping = true;
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    const isExpected = error instanceof LensError && error.code !== "internal";
    process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  });
}
