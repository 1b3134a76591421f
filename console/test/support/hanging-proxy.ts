import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

/** Stands before a database and can stop to pass anything on, as a proxy that lost it or a disk that hangs. */
export interface HangingProxy {
  /** The URL of the database, through the proxy. */
  readonly url: string;
  /** Connections so far. */
  readonly accepted: number;
  /** Connections are accepted and stay open, and nothing that is said reaches the other side. */
  hang(): void;
  /** Those that are open now are lost without a word; new ones are served. */
  hangOpen(): void;
  /** Connections are accepted and closed at once. */
  closeAll(): void;
  /** New connections are served; what was said to the old ones is lost. */
  forward(): void;
  close(): Promise<void>;
}

export async function startHangingProxy(databaseUrl: string): Promise<HangingProxy> {
  const behind = new URL(databaseUrl);
  let mode: "forward" | "hang" | "close" = "forward";
  const sockets = new Set<Socket>();
  let lost = new WeakSet<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    keep(client);
    if (mode === "close") client.end();
    if (mode !== "forward") return;
    const upstream = keep(connect(Number(behind.port), behind.hostname));
    const passes = (): boolean => mode === "forward" && !lost.has(client);
    client.on("data", (bytes) => passes() && upstream.write(bytes));
    upstream.on("data", (bytes) => passes() && client.write(bytes));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => mode === "forward" && client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.port = String((server.address() as { port: number }).port);
  const endSockets = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    get accepted() {
      return accepted;
    },
    hang: () => {
      mode = "hang";
    },
    hangOpen: () => {
      lost = new WeakSet(sockets);
    },
    closeAll: () => {
      mode = "close";
      endSockets();
    },
    forward: () => {
      endSockets();
      mode = "forward";
    },
    close: async () => {
      endSockets();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
