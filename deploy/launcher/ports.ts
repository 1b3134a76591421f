import { createServer } from "node:net";
import type { LauncherConfig } from "./launcher-config.ts";

export interface Ports {
  readonly console: number;
  readonly otlpHttp: number;
  readonly otlpGrpc: number;
}

/** The ports of the settings; where they say 0, one that is free now. */
export async function choosePorts({ collector, consolePort }: LauncherConfig): Promise<Ports> {
  return {
    console: consolePort || (await freePort()),
    otlpHttp: collector.httpPort || (await freePort()),
    otlpGrpc: collector.grpcPort || (await freePort()),
  };
}

/** A loopback port that the kernel picks. Somebody could take it before it is used; then the start fails and says so. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
