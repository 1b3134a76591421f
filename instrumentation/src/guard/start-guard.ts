import { diag } from "@opentelemetry/api";
import { ControlSource } from "./control-source.ts";
import { Guard } from "./guard.ts";
import { PolicyFile } from "./policy-file.ts";

export interface GuardSettings {
  /** Then no collector is asked. */
  readonly policyFile: string | undefined;
  /** http(s)://…/v1/control; undefined when there is no collector to ask. */
  readonly controlUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What scopes call `environment`. */
  readonly environment: string | undefined;
}

export interface RunningGuard {
  readonly guard: Guard;
  /** The policy that came last goes on to hold. */
  readonly stop: () => void;
}

/** A guard that has its policy from a file, or else from the collector that the spans go to. */
export function startGuard(settings: GuardSettings): RunningGuard {
  const { policyFile, controlUrl, headers, environment } = settings;
  const guard = new Guard({ environment });
  const told = {
    onPolicy: guard.apply.bind(guard),
    onProblem: (sentence: string) => diag.error(`@lensai/instrumentation: ${sentence}`),
  };
  if (policyFile !== undefined) {
    const file = new PolicyFile(policyFile, told);
    file.start();
    return { guard, stop: () => file.stop() };
  }
  if (controlUrl === undefined) return { guard, stop: () => {} };
  const source = new ControlSource({
    ...told,
    url: controlUrl,
    headers,
    nowMs: Date.now,
    random: Math.random,
  });
  source.start();
  return { guard, stop: () => source.stop() };
}
