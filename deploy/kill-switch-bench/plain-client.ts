import net from "node:net";
import type { Socket } from "node:net";
import type { ProcessIdentity } from "@lensai/otel-config/control/acknowledgements";
import { ACKNOWLEDGE_AFTER_MS } from "@lensai/instrumentation/guard/acknowledger";
import { monotonicMs } from "./messages.ts";
import type { ClientOptions } from "./messages.ts";

/**
 * A client in little more than its two sockets: what it says to the collector and when are the same as of an
 * instrumented process, and what it hears it parses. A thousand of those have a thousand machines; here they all share
 * the product's.
 */
export function startPlainClient(options: ClientOptions, identity: ProcessIdentity): void {
  const { controlUrl, apiKey, onPolicy } = options;
  const { hostname, port, pathname } = new URL(controlUrl);
  const common = `host: ${hostname}:${port}\r\nx-api-key: ${apiKey}\r\n`;
  const { instanceId, serviceName } = identity;
  const startedMs = performance.now();
  const told = connect(hostname, port);
  // Answers are counted by nobody: what the console shows says that it was taken.
  told.resume();

  const acknowledge = (version: number, heldSinceMs: number): void => {
    const nowMs = performance.now();
    const [heldMs, runningMs] = [nowMs - heldSinceMs, nowMs - startedMs];
    const body = JSON.stringify({ instanceId, serviceName, version, heldMs, runningMs });
    told.write(
      `POST ${pathname}/acknowledgements HTTP/1.1\r\n${common}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      "latin1",
    );
  };

  const stream = connect(hostname, port);
  stream.setEncoding("latin1");
  stream.write(
    `GET ${pathname} HTTP/1.1\r\n${common}accept: text/event-stream\r\nlensai-instance-id: ${instanceId}\r\nlensai-service-name: ${serviceName}\r\n\r\n`,
  );
  let text = "";
  stream.on("data", (part: string) => {
    text += part;
    const end = text.lastIndexOf("\n\n");
    if (end < 0) return;
    const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
    text = text.slice(end + 2);
    if (data === undefined) return;
    const { version, killSwitches } = JSON.parse(data) as Policy;
    const heldSinceMs = performance.now();
    onPolicy(killSwitches.length, monotonicMs());
    const { headStart, spread } = ACKNOWLEDGE_AFTER_MS;
    setTimeout(() => acknowledge(version, heldSinceMs), headStart + Math.random() * spread);
  });
}

interface Policy {
  readonly version: number;
  readonly killSwitches: readonly unknown[];
}

function connect(hostname: string, port: string): Socket {
  const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on("error", (error) => process.stderr.write(`a client's connection: ${error.message}\n`));
  return socket;
}
