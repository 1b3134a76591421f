import { ProxyTracerProvider, diag } from "@opentelemetry/api";
import type { Tracer, TracerProvider } from "@opentelemetry/api";
import { envDetector, serviceInstanceIdDetector } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { NodeSDKConfiguration } from "@opentelemetry/sdk-node";
import type { Environment } from "../config.ts";
import { createSpanDelivery } from "../export/create-span-delivery.ts";
import { withOptions } from "../export/export-settings.ts";
import type { ExportOptions } from "../export/export-settings.ts";
import { AfterDelivery } from "../node/after-delivery.ts";
import { CallSpan } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { processState } from "../spans/process-state.ts";
import { DEFERRED_SCOPE, INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import { tracerOf, tracerProvider } from "./global-api.ts";

export interface TelemetryOptions extends ExportOptions {
  /** Wins over OTEL_SERVICE_NAME. */
  readonly serviceName?: string;
}

/** A collector that is slow must not hold up the end of a process. */
const FLUSH_LIMIT_MS = 2_000;

/**
 * Where the spans of a process go: to the tracer provider that the application has registered, or, when it
 * has none, to an OpenTelemetry SDK of ours.
 */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #environment: Environment;
  readonly #afterDelivery = new AfterDelivery();
  #sdk: NodeSDK | undefined;
  #hasStarted = false;
  /** Is what is put off run before a flush? */
  #canWait = false;
  #known: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined;

  constructor(options: TelemetryOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
  }

  /** Starts the SDK unless the application has one; a second call changes nothing. */
  start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    if (hasTracerProvider()) return;
    this.#sdk = new NodeSDK(
      sdkConfiguration(this.#options, this.#environment, this.#afterDelivery.run),
    );
    this.#sdk.start();
    this.#canWait = isOurExport(this.#options, this.#environment);
  }

  /** Started when first asked for: an application that sets up its own SDK later than this keeps it. */
  tracer(): Tracer {
    this.start();
    const provider = delegateOf(tracerProvider());
    if (provider !== this.#known?.provider) {
      const tracer = tracerOf(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION);
      this.#known = { provider, tracer };
    }
    return this.#known.tracer;
  }

  /** The same for answers that are fetched later: rare, so it is not kept. */
  deferredTracer(): Tracer {
    this.start();
    return tracerOf(DEFERRED_SCOPE, INSTRUMENTATION_VERSION);
  }

  /**
   * Ends the spans of calls when the application has its answers, where whoever flushes gets them nevertheless. Of
   * other exporters nobody knows when they are flushed: there, spans end at once.
   */
  readonly later = (work: () => void): void => {
    if (this.#canWait) this.#afterDelivery.later(work);
    else work();
  };

  /** The same, within a few turns of the event loop. */
  readonly soon = (work: () => void): void => {
    if (this.#canWait) this.#afterDelivery.soon(work);
    else work();
  };

  /** A request is on its way: what was put off is in nobody's way now. */
  readonly onSent = this.#afterDelivery.sent;

  /** Is it our SDK, and so ours to flush? */
  get ownsSdk(): boolean {
    return this.#sdk !== undefined;
  }

  /** Sends what there is, calls that are still open as far as they were read. Never rejects. */
  async flush(): Promise<void> {
    this.#endOpenSpans();
    const provider = delegateOf(tracerProvider()) as { forceFlush?: () => Promise<void> };
    await limited(provider.forceFlush?.());
  }

  /** The same, and ends the SDK if it is ours. Never rejects. */
  async shutdown(): Promise<void> {
    this.#endOpenSpans();
    await limited(this.#sdk?.shutdown());
  }

  /** Calls first: they are below runs. */
  #endOpenSpans(): void {
    CallSpan.abandonAll();
    this.#afterDelivery.run();
    for (const end of processState().endings) neverThrow("ending spans", end);
  }
}

function sdkConfiguration(
  { serviceName, ...exportOptions }: TelemetryOptions,
  environment: Environment,
  beforeFlush: () => void,
): Partial<NodeSDKConfiguration> {
  for (const problem of environment.problems) diag.error(`@lensai/instrumentation: ${problem}`);
  return {
    ...(serviceName !== undefined && { serviceName }),
    ...(isOurExport(exportOptions, environment) && {
      spanProcessors: [
        createSpanDelivery(withOptions(environment.exportSettings, exportOptions), beforeFlush),
      ],
    }),
    ...(!environment.hasResourceDetectors && {
      resourceDetectors: [envDetector, serviceInstanceIdDetector],
    }),
    // Nothing of ours makes metrics or logs, but a report on what became of spans.
    ...(!environment.hasMetricsExporter && { metricReaders: [] }),
    ...(!environment.hasLogsExporter && { logRecordProcessors: [] }),
  };
}

function isOurExport({ endpoint }: ExportOptions, { hasOtherExporter }: Environment): boolean {
  return !hasOtherExporter || endpoint !== undefined;
}

function hasTracerProvider(): boolean {
  const nobody = new ProxyTracerProvider().getDelegate();
  return delegateOf(tracerProvider()) !== nobody;
}

function delegateOf(provider: TracerProvider): TracerProvider {
  // By what it has, not by its class: the API may be there more than once.
  return "getDelegate" in provider ? (provider as ProxyTracerProvider).getDelegate() : provider;
}

/** A flush that is refused is reported by the SDK itself. */
export async function limited(work: Promise<void> | undefined): Promise<void> {
  if (work === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_LIMIT_MS);
  });
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
