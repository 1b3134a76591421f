import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { traceWork } from "../runs/trace-work.ts";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";

const SCOPE = { name: INSTRUMENTATION_SCOPE, version: INSTRUMENTATION_VERSION };

/**
 * Runs a piece of work that calls models as one span (`invoke_workflow`), with the calls below it. `fn` runs
 * once, whatever happens to the span; its result comes back, its errors are thrown on. A promise ends the
 * span when it settles, an async generator when it has been read.
 */
export function traceLlm<T>(name: string, fn: () => T): T {
  const attributes = {
    [GEN_AI.operationName]: "invoke_workflow",
    "gen_ai.workflow.name": name,
  };
  return traceWork(() => ({ name: `invoke_workflow ${name}`, attributes, scope: SCOPE }), fn);
}
