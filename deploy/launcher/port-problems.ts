import { createServer } from "node:net";
import type { LauncherConfig } from "./launcher-config.ts";

/** One sentence per port that cannot be opened, before anything starts. */
export async function portProblems(config: LauncherConfig): Promise<string[]> {
  const ports = [
    { setting: "LENSAI_OTLP_HTTP_PORT", port: config.collector.httpPort },
    { setting: "LENSAI_OTLP_GRPC_PORT", port: config.collector.grpcPort },
    { setting: "LENSAI_CONSOLE_PORT", port: config.consolePort },
  ];
  const checked = await Promise.all(
    ports.map(async ({ setting, port }) => {
      const reason = await bindFailure(port, config.collector.bindAddress);
      return reason === undefined ? [] : [`${setting}: ${reason}`];
    }),
  );
  return checked.flat();
}

async function bindFailure(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host, exclusive: true }, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      return `port ${port} on ${host} is taken by another process; stop that process or choose another port`;
    }
    if (code === "EADDRNOTAVAIL") {
      return `${host} is not an address of this machine; change LENSAI_BIND_ADDRESS`;
    }
    if (code === "EACCES")
      return `port ${port} may not be opened by this user; choose one above 1023`;
    return `port ${port} on ${host} cannot be opened (${code ?? String(error)})`;
  }
}
