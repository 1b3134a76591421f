import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseKeyPairsIntoRecord } from "@opentelemetry/core";
import { CONTENT_VARIABLE, capturesContent } from "./content/content-variable.ts";
import { hasOtherExporter, readExportSettings } from "./export/export-settings.ts";
import type { ExportSettings } from "./export/export-settings.ts";
import type { GuardSettings } from "./guard/start-guard.ts";

/** What the environment says beyond what the OpenTelemetry SDK reads from it by itself. */
export interface Environment {
  /** OTEL_SDK_DISABLED: no spans, and nothing is observed. */
  readonly isDisabled: boolean;
  /** The user has chosen resource detectors; ours leave out what can hold content, as command lines do. */
  readonly hasResourceDetectors: boolean;
  readonly hasMetricsExporter: boolean;
  readonly hasLogsExporter: boolean;
  /** The user has chosen an exporter that the SDK sets up by itself. */
  readonly hasOtherExporter: boolean;
  /** What models are asked and answer is put on spans. */
  readonly capturesContent: boolean;
  readonly exportSettings: ExportSettings;
  readonly guardSettings: GuardSettings;
  /** A sentence for each value that cannot be used. */
  readonly problems: readonly string[];
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const isSet = (name: string): boolean => (env[name] ?? "").trim() !== "";
  const problems: string[] = [];
  const exportSettings = readExportSettings(env, (sentence) => problems.push(sentence));
  const isOtherExporter = hasOtherExporter(env);
  return {
    isDisabled: env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true",
    hasResourceDetectors: isSet("OTEL_NODE_RESOURCE_DETECTORS"),
    hasMetricsExporter: isSet("OTEL_METRICS_EXPORTER"),
    hasLogsExporter: isSet("OTEL_LOGS_EXPORTER"),
    hasOtherExporter: isOtherExporter,
    capturesContent: capturesContent(env[CONTENT_VARIABLE]) === true,
    exportSettings,
    guardSettings: readGuardSettings(env, isOtherExporter ? undefined : exportSettings),
    problems,
  };
}

/** A policy comes from where the spans go, unless the environment says otherwise. */
function readGuardSettings(
  env: NodeJS.ProcessEnv,
  exported: ExportSettings | undefined,
): GuardSettings {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const resource = parseKeyPairsIntoRecord(text("OTEL_RESOURCE_ATTRIBUTES"));
  return {
    policyFile: text("LENSAI_POLICY_FILE"),
    controlUrl: text("LENSAI_CONTROL_URL") ?? (exported && controlUrlOf(exported.tracesUrl)),
    headers: exported?.headers ?? {},
    journalFolder: journalFolderOf(text("LENSAI_LEASE_JOURNAL")),
    signing: exported?.signing,
    serviceName: text("OTEL_SERVICE_NAME") ?? resource["service.name"],
    environment: resource["deployment.environment.name"] ?? resource["deployment.environment"],
  };
}

/** Each user's own: others are not to know what was spent. */
function journalFolderOf(said: string | undefined): string | undefined {
  if (said?.toLowerCase() === "off") return undefined;
  return said ?? join(tmpdir(), `lensai-leases-${process.getuid?.() ?? "user"}`);
}

/** Where the policy of a receiver of traces is; undefined when its address does not say. */
export function controlUrlOf(tracesUrl: string): string | undefined {
  return /\/v1\/traces\/?$/.test(tracesUrl)
    ? tracesUrl.replace(/\/v1\/traces\/?$/, "/v1/control")
    : undefined;
}
