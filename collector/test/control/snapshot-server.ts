import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";

/** What a snapshot says in a test; the rest is there and empty. */
export type SnapshotSections = Partial<Omit<ControlSnapshot, "formatVersion" | "version">>;

export interface SnapshotServer {
  readonly url: string;
  readonly version: number;
  /** Serves these sections from now on, under the next version. */
  publish(sections: SnapshotSections): void;
  stop(): void;
}

/** Answers as the console's GET /internal/control does. */
export async function startSnapshotServer(sections: SnapshotSections): Promise<SnapshotServer> {
  let snapshot = snapshotOf(1, sections);
  const server = http.createServer((request, response) => {
    const etag = `"${snapshot.version}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(JSON.stringify(snapshot));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get version() {
      return snapshot.version;
    },
    publish(newer) {
      snapshot = snapshotOf(snapshot.version + 1, newer);
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function snapshotOf(version: number, sections: SnapshotSections): ControlSnapshot {
  return {
    formatVersion: CONTROL_SNAPSHOT_VERSION,
    version,
    issuedAt: "2026-11-24T00:00:00.000Z",
    projects: [],
    keys: [],
    ...sections,
  };
}
