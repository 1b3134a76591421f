import { hasOtherExporter, readExportSettings } from "../export/export-settings.ts";
import type { Variables } from "../export/export-settings.ts";
import { readEnvironment } from "../config.ts";
import type { GuardSettings } from "../guard/start-guard.ts";
import { checkCollector } from "./check-collector.ts";
import { checkPolicyFile } from "./check-policy-file.ts";
import { checkPolicy } from "./check-policy.ts";
import { checkPackages, isOfInterest } from "./check-packages.ts";
import { checkSettings } from "./check-settings.ts";
import { checkNode, checkStart } from "./check-start.ts";
import type { Finding } from "./finding.ts";
import { warning } from "./finding.ts";
import { installedPackages, readPackageJson } from "./installed-packages.ts";

export interface DoctorOptions {
  /** The application's. */
  readonly folder: string;
  readonly env: Variables;
  /** As `process.version` says it. */
  readonly nodeVersion: string;
  /** Ask nobody. */
  readonly isOffline: boolean;
}

/** Everything that can be seen from outside of why calls of an application would not be counted. */
export async function runDoctor(options: DoctorOptions): Promise<readonly Finding[]> {
  const { folder, env, nodeVersion, isOffline } = options;
  const app = readPackageJson(folder);
  const { guardSettings } = readEnvironment({ ...env });
  const { policyFile } = guardSettings;
  return [
    checkNode(nodeVersion),
    ...checkPackages(installedPackages(folder, isOfInterest), app),
    checkStart(folder, app, env),
    ...checkSettings(env),
    ...(policyFile === undefined ? [] : [checkPolicyFile(folder, policyFile)]),
    ...(isOffline ? [] : await askCollector(env, guardSettings)),
  ];
}

async function askCollector(
  env: Variables,
  guardSettings: GuardSettings,
): Promise<readonly Finding[]> {
  if (hasOtherExporter(env)) {
    return [
      warning(
        "collector",
        "spans leave by an exporter that OpenTelemetry's SDK sets up: it was not tried",
        "leave OTEL_TRACES_EXPORTER and the protocol away for signed exports, and to have them tried",
      ),
    ];
  }
  const found = await checkCollector(readExportSettings(env, () => {}));
  // Where nothing arrives there is no policy either, and one sentence about it is enough.
  if (found.some(({ level }) => level === "problem")) return found;
  // The guard does not ask the collector then either.
  if (guardSettings.policyFile !== undefined) return found;
  return [...found, ...(await checkPolicy(guardSettings))];
}
