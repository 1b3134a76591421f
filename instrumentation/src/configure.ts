import { CallObserver } from "./calls/call-observer.ts";
import { createContentCapture } from "./content/content-capture.ts";
import { controlUrlOf, readEnvironment } from "./config.ts";
import type { Environment } from "./config.ts";
import { withOptions } from "./export/export-settings.ts";
import { instrumentFetchFor } from "./fetch/instrument-fetch.ts";
import { startGuard } from "./guard/start-guard.ts";
import type { GuardSettings } from "./guard/start-guard.ts";
import { instrumentHttp } from "./http/instrument-http.ts";
import { instrumentHttp2 } from "./http2/instrument-http2.ts";
import type { FetchOptions } from "./fetch/wrap-fetch.ts";
import { neverThrow } from "./spans/never-throw.ts";
import { processState } from "./spans/process-state.ts";
import { flushAtExit } from "./telemetry/flush-at-exit.ts";
import { Telemetry } from "./telemetry/telemetry.ts";
import type { TelemetryOptions } from "./telemetry/telemetry.ts";
import { instrumentUndici } from "./undici/instrument-undici.ts";

export interface ConfigureOptions
  extends TelemetryOptions, Pick<FetchOptions, "asksForStreamUsage"> {
  /** A file with the policy that calls are held to; LENSAI_POLICY_FILE, or the collector's, when absent. */
  readonly policyFile?: string;
  /**
   * Put what models are asked and answer on spans, with secrets and personal data masked. Wins over
   * OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT; off when neither says so.
   */
  readonly capturesContent?: boolean;
}

export interface Instrumented {
  /**
   * Resolves when calls are held to the policy of the collector, if one can be had within a second. Calls by `fetch`
   * wait for it by themselves; whoever makes others may do so before the first one.
   */
  readonly ready: Promise<void>;
  /** Sends what there is and stops; nothing is observed any longer. Never rejects. */
  shutdown(): Promise<void>;
}

/**
 * Observes the calls of models that this process makes from now on. Spans go to the tracer provider of the
 * application, or to an SDK that is started here and reads the standard OTEL_* variables. Never throws: what
 * fails is reported to OpenTelemetry's diagnostic logger.
 */
export function configure(options: ConfigureOptions = {}): Instrumented {
  return observed(options, { startsAtOnce: true });
}

/** The same for a process whose application may set up an SDK of its own later: ours starts with the first call. */
export function configureLazily(): Instrumented {
  return observed({}, { startsAtOnce: false });
}

function observed(
  options: ConfigureOptions,
  { startsAtOnce }: { startsAtOnce: boolean },
): Instrumented {
  const environment = readEnvironment();
  if (environment.isDisabled) return NOTHING_OBSERVED;
  const telemetry = new Telemetry(options, environment);
  const { asksForStreamUsage = true } = options;
  const guarding = neverThrow("starting the guard", () =>
    startGuard(guardSettingsOf(options, environment)),
  );
  const { capturesContent = environment.capturesContent } = options;
  const content = capturesContent ? createContentCapture() : undefined;
  const calls = new CallObserver(() => telemetry.tracer(), guarding?.guard, {
    content,
    deferredTracer: () => telemetry.deferredTracer(),
    later: telemetry.later,
    soon: telemetry.soon,
    onSent: telemetry.onSent,
  });
  const restoreFetch = neverThrow("observing fetch", () =>
    instrumentFetchFor(calls, { asksForStreamUsage }),
  );
  const restoreHttp = neverThrow("observing node:http", () =>
    instrumentHttp(calls, { asksForStreamUsage }),
  );
  const restoreHttp2 = neverThrow("observing HTTP/2", () => instrumentHttp2(calls));
  const restoreUndici = neverThrow("observing undici", () => instrumentUndici(calls));
  const start = (): void => neverThrow("starting the SDK", () => telemetry.start());
  processState().start = start;
  if (startsAtOnce) start();
  neverThrow("waiting for the end of the process", () =>
    flushAtExit(telemetry, async () => guarding?.giveBack()),
  );
  return {
    ready: guarding?.ready ?? Promise.resolve(),
    async shutdown() {
      restoreFetch?.();
      restoreHttp?.();
      restoreHttp2?.();
      restoreUndici?.();
      if (processState().start === start) processState().start = undefined;
      await Promise.all([telemetry.shutdown(), guarding?.stop()]);
    },
  };
}

const NOTHING_OBSERVED: Instrumented = {
  ready: Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** What code says about where spans go holds for the policy as well. */
function guardSettingsOf(
  { policyFile, ...options }: ConfigureOptions,
  { guardSettings, exportSettings }: Environment,
): GuardSettings {
  const { tracesUrl, headers, signing } = withOptions(exportSettings, options);
  return {
    ...guardSettings,
    ...(policyFile !== undefined && { policyFile }),
    ...(options.endpoint !== undefined && { controlUrl: controlUrlOf(tracesUrl) }),
    ...(options.headers !== undefined && { headers }),
    ...(options.signing !== undefined && { signing }),
    ...(options.serviceName !== undefined && { serviceName: options.serviceName }),
  };
}
