import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { parseAcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import type { AcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { seal, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";

/** What a snapshot says in a test; the rest is there and empty. */
export type SnapshotSections = Partial<Omit<ControlSnapshot, "formatVersion" | "version">>;

export interface SnapshotServer {
  readonly url: string;
  readonly version: number;
  /** What collectors have said about their processes. */
  readonly batches: readonly AcknowledgementBatch[];
  /** Ends all streams, as a console that is restarted does. */
  endStreams(): void;
  /** Serves these sections from now on, under the next version. */
  publish(sections: SnapshotSections): void;
  stop(): void;
}

export const CONSOLE_KEY = keyPairOf(new Uint8Array(32).fill(7));

/** The document as this console would sign it. */
export const sealed = (snapshot: unknown, key: SigningKeyPair = CONSOLE_KEY): string =>
  seal(SNAPSHOT_PAYLOAD_TYPE, JSON.stringify(snapshot), key);

/** Answers as the console's GET /internal/control does, with a stream. */
export async function startSnapshotServer(sections: SnapshotSections): Promise<SnapshotServer> {
  let snapshot = snapshotOf(1, sections);
  const streams = new Set<http.ServerResponse>();
  const tell = (response: http.ServerResponse): void =>
    void response.write(`event: snapshot\nid: 1\ndata: ${sealed(snapshot)}\n\n`);
  const batches: AcknowledgementBatch[] = [];
  const takeReport = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> => {
    const body = await text(request);
    // Collectors tell other things as well.
    if (request.url === "/internal/acknowledgements")
      batches.push(parseAcknowledgementBatch(JSON.parse(body)));
    response.writeHead(204).end();
  };
  const server = http.createServer((request, response) => {
    if (request.method === "POST") {
      void takeReport(request, response);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    tell(response);
    streams.add(response);
    response.on("close", () => streams.delete(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get version() {
      return snapshot.version;
    },
    batches,
    endStreams() {
      for (const response of streams) response.end();
    },
    publish(newer) {
      snapshot = snapshotOf(snapshot.version + 1, newer);
      for (const response of streams) tell(response);
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function snapshotOf(version: number, sections: SnapshotSections): ControlSnapshot {
  return {
    formatVersion: CONTROL_SNAPSHOT_VERSION,
    version,
    issuedAt: "2026-11-24T00:00:00.000Z",
    projects: [],
    keys: [],
    ...sections,
  };
}
