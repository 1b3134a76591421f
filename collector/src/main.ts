import { LensError } from "@lensai/otel-config/errors";
import { createCollector } from "./collector.ts";
import { parseConfig } from "./config.ts";
import { LakePipeline } from "./lake-pipeline.ts";
import { createLog } from "./log.ts";
import { requireStartable } from "./preflight.ts";

/** The collector process: environment -> configuration -> collector, until a signal asks it to stop. */
async function main(): Promise<void> {
  const log = createLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  const config = parseConfig(process.env, process.cwd());
  await requireStartable(config);
  const pipeline = new LakePipeline(config);
  const collector = createCollector(config, { pipeline, nowMs: Date.now, log });
  await collector.start();
  const { httpPort, grpcPort } = collector;
  log.info("collector is ready", { address: config.bindAddress, httpPort, grpcPort });
  const signal = await nextSignal();
  log.info("collector is stopping", { signal });
  // A second signal means: now. What was acknowledged is on disk already.
  void nextSignal().then(() => process.exit(1));
  await collector.stop();
  log.info("collector has stopped");
  process.exit(0);
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve(signal);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}

main().catch((error: unknown) => {
  const isExpected = error instanceof LensError && error.code !== "internal";
  process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
