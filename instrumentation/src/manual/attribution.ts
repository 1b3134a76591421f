import { createContextKey, propagation } from "@opentelemetry/api";
import type { Attributes, Context } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { processState } from "../spans/process-state.ts";
import { activeContext, runInContext } from "../telemetry/global-api.ts";

/** Whom or what calls are made for. */
export interface Attribution {
  readonly user?: string;
  readonly session?: string;
  readonly tenant?: string;
  readonly team?: string;
  readonly feature?: string;
  readonly route?: string;
  /** The agent at work; adapters of frameworks know it. */
  readonly agent?: string;
}

/** Also the names of the baggage entries that are read. */
const ATTRIBUTE_NAMES: Readonly<Record<keyof Attribution, string>> = {
  user: "user.id",
  session: "session.id",
  tenant: LENSAI.tenant,
  team: LENSAI.team,
  feature: LENSAI.feature,
  route: LENSAI.route,
  agent: GEN_AI.agentName,
};

const NAMES = Object.entries(ATTRIBUTE_NAMES) as [keyof Attribution, string][];
const KEY = createContextKey("lensai.attribution");

/**
 * Every call of a model that `fn` makes, however deep and however asynchronously, is attributed to this; inner
 * attributions win, name by name. Answers with what `fn` answers, and throws what it throws. Needs the context
 * manager of an OpenTelemetry SDK.
 *
 * Nothing is written to baggage: HTTP instrumentation would send it to the provider.
 */
export function withAttribution<T>(attribution: Attribution, fn: () => T): T {
  // Before the first call there may be no context manager yet, and nothing would be known of that call.
  processState().start?.();
  return runInContext(contextWithAttribution(activeContext(), attribution), fn);
}

/** The same context for calls that are attributed to this as well; undefined values say nothing. */
export function contextWithAttribution(of: Context, attribution: Attribution = {}): Context {
  const said = Object.entries(attribution).filter(([, value]) => value !== undefined);
  if (said.length === 0) return of;
  const inherited = of.getValue(KEY) as Attribution | undefined;
  return of.setValue(KEY, { ...inherited, ...Object.fromEntries(said) });
}

/** What is known about a call made in this context: what baggage brought from an earlier service, and what was set here. */
export function attributionOf(of: Context): Attribution {
  const own = of.getValue(KEY) as Attribution | undefined;
  const baggage = propagation.getBaggage(of);
  const found: Partial<Record<keyof Attribution, string>> = {};
  for (const [key, name] of NAMES) {
    const value = own?.[key] ?? baggage?.getEntry(name)?.value;
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** The same as span attributes. */
export function attributionAttributes(of: Context): Attributes {
  const known = attributionOf(of);
  const attributes: Attributes = {};
  for (const [key, name] of NAMES) {
    if (known[key] !== undefined) attributes[name] = known[key];
  }
  return attributes;
}
