import { join } from "node:path";
import { startChild } from "../launcher/child-process.ts";
import type { Child } from "../launcher/child-process.ts";
import { ensureConsoleBuild } from "../launcher/console-build.ts";
import { startGuard } from "../launcher/guard.ts";
import { parseLauncherConfig } from "../launcher/launcher-config.ts";
import { preparePostgres } from "../launcher/postgres.ts";
import { prepare } from "../launcher/prepare.ts";
import { childSpecs, sharedEnvironment, untilReady } from "../launcher/stack.ts";
import type { StartStep } from "../launcher/stack.ts";

const ROOT = join(import.meta.dirname, "../..");

export type StackPart = "console" | "collector";

/** One installation whose parts can be stopped and started again, each by itself; the launcher stops all at once. */
export interface FaultyStack {
  readonly consoleUrl: string;
  readonly collectorUrl: string;
  readonly controlToken: string;
  readonly pricesFile: string;
  readonly dataDir: string;
  /** SIGKILL: a crash, not an end. */
  kill(part: StackPart): Promise<void>;
  /** Resolves when it accepts work again. */
  restart(part: StackPart): Promise<void>;
  stop(): Promise<void>;
}

/** The whole stack in the folder, on free ports. */
export async function startFaultyStack(dataDir: string): Promise<FaultyStack> {
  const environment = environmentOf(dataDir);
  const parsed = parseLauncherConfig(environment, ROOT);
  const { folder, lock, ports } = await prepare(parsed);
  // Whatever becomes of this process, none of its children is left behind.
  const guard = startGuard(folder.guardFile);
  await ensureConsoleBuild(ROOT, {
    signal: new AbortController().signal,
    onStart: () => console.log("building the console"),
  });
  const postgres: Child[] = [];
  const database = await preparePostgres({ folder });
  await database.start((child) => {
    postgres.push(child);
    guard.watch(child.pid, child.stopSignal);
  });
  const dependencies = { root: ROOT, folder, ports, guard, environment, say: () => undefined };
  const shared = sharedEnvironment(parsed.config, dependencies, database.urls);
  const steps = stepsOf(childSpecs(parsed.config, dependencies, shared));
  const start = async ({ spec, readyUrl }: StartStep): Promise<Child> => {
    const child = await startChild(spec);
    guard.watch(child.pid, child.stopSignal);
    await untilReady(child, readyUrl);
    return child;
  };
  const children = { console: await start(steps.console), collector: await start(steps.collector) };
  return {
    consoleUrl: new URL(steps.console.readyUrl).origin,
    collectorUrl: new URL(steps.collector.readyUrl).origin,
    controlToken: shared["LENSAI_CONTROL_TOKEN"] ?? "",
    pricesFile: parsed.config.collector.pricesFile,
    dataDir,
    async kill(part) {
      process.kill(-children[part].pid, "SIGKILL");
      await children[part].exited;
    },
    async restart(part) {
      children[part] = await start(steps[part]);
    },
    async stop() {
      for (const child of [children.collector, children.console, ...postgres]) await child.stop();
      guard.dismiss();
      await lock.release();
    },
  };
}

function stepsOf([consoleStep, collectorStep]: readonly StartStep[]): Readonly<
  Record<StackPart, StartStep>
> {
  if (consoleStep === undefined || collectorStep === undefined)
    throw new Error("the stack has two processes besides PostgreSQL");
  return { console: consoleStep, collector: collectorStep };
}

/** Nothing of the settings of whoever runs this. */
function environmentOf(dataDir: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LENSAI_|OTEL_|AWS_|DATABASE_URL$|NODE_ENV$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    LENSAI_DATA_DIR: dataDir,
    LENSAI_OTLP_HTTP_PORT: "0",
    LENSAI_OTLP_GRPC_PORT: "0",
    LENSAI_CONSOLE_PORT: "0",
  };
}
