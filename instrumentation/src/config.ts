import process from "node:process";

/** What the environment says beyond what the OpenTelemetry SDK reads from it by itself. */
export interface Environment {
  /** OTEL_SDK_DISABLED: no spans, and nothing is observed. */
  readonly isDisabled: boolean;
  /** The user has chosen resource detectors; ours leave out what can hold content, as command lines do. */
  readonly hasResourceDetectors: boolean;
  readonly hasMetricsExporter: boolean;
  readonly hasLogsExporter: boolean;
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const isSet = (name: string): boolean => (env[name] ?? "").trim() !== "";
  return {
    isDisabled: env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true",
    hasResourceDetectors: isSet("OTEL_NODE_RESOURCE_DETECTORS"),
    hasMetricsExporter: isSet("OTEL_METRICS_EXPORTER"),
    hasLogsExporter: isSet("OTEL_LOGS_EXPORTER"),
  };
}
