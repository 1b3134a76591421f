import process from "node:process";
import { hasOtherExporter, readExportSettings } from "./export/export-settings.ts";
import type { ExportSettings } from "./export/export-settings.ts";

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
  readonly exportSettings: ExportSettings;
  /** A sentence for each value that cannot be used. */
  readonly problems: readonly string[];
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const isSet = (name: string): boolean => (env[name] ?? "").trim() !== "";
  const problems: string[] = [];
  return {
    isDisabled: env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true",
    hasResourceDetectors: isSet("OTEL_NODE_RESOURCE_DETECTORS"),
    hasMetricsExporter: isSet("OTEL_METRICS_EXPORTER"),
    hasLogsExporter: isSet("OTEL_LOGS_EXPORTER"),
    hasOtherExporter: hasOtherExporter(env),
    exportSettings: readExportSettings(env, (sentence) => problems.push(sentence)),
    problems,
  };
}
