import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";
import type { AppConnection } from "../app-connection.ts";
import type { Permission } from "./access/permissions.ts";
import { isLoopbackAddress } from "./http/allowed-host.ts";
import type { ConsoleSettings } from "./settings.ts";

interface Reader {
  readonly projectId: string;
  readonly may: (permission: Permission) => boolean;
}

/** How apps are connected to a project, as whoever reads the page at `url` reaches this installation. */
export function appConnectionOf(
  settings: Pick<ConsoleSettings, "otlpHttpPort" | "dataDirOfCommands" | "hostPolicy">,
  { hostname, port }: Pick<URL, "hostname" | "port">,
  { projectId, may }: Reader,
): AppConnection {
  return {
    endpoints: {
      // "localhost" may mean ::1, where an IPv4 listener does not answer.
      host: hostname === "localhost" ? "127.0.0.1" : hostname,
      otlpHttpPort: settings.otlpHttpPort,
      consolePort: port,
      dataDir: settings.dataDirOfCommands,
    },
    needsKey:
      projectId !== DEFAULT_PROJECT_ID || !isLoopbackAddress(settings.hostPolicy.bindAddress),
    keysHref: may("keys.manage") ? `/projects/${projectId}/settings` : undefined,
  };
}
