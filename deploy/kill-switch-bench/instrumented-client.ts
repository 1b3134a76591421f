import type { ProcessIdentity } from "@lensai/otel-config/control/acknowledgements";
import { Acknowledger } from "@lensai/instrumentation/guard/acknowledger";
import { ControlSource } from "@lensai/instrumentation/guard/control-source";
import { monotonicMs } from "./messages.ts";
import type { ClientOptions } from "./messages.ts";

/** A client with the code that instrumented processes run. */
export function startInstrumentedClient(
  { controlUrl, apiKey, onPolicy }: ClientOptions,
  identity: ProcessIdentity,
): void {
  const headers = { "x-api-key": apiKey };
  const { random } = Math;
  const url = `${controlUrl}/acknowledgements`;
  const acknowledger = new Acknowledger({ url, headers, identity, random });
  const source = new ControlSource({
    url: controlUrl,
    headers,
    identity,
    nowMs: Date.now,
    random,
    onPolicy: ({ version, killSwitches }) => {
      const atMs = monotonicMs();
      acknowledger.holds(version);
      onPolicy(killSwitches.length, atMs);
    },
    onProblem: (sentence) => void process.stderr.write(`${sentence}\n`),
  });
  source.start();
}
