import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/**
 * `open` passes everything. `refused` ends connections and answers no new one; `silent` keeps them and passes
 * nothing, as a network does that has lost its way.
 */
export type LinkState = "open" | "refused" | "silent";

/** A way to the collector that can be cut for those who go it. */
export interface FaultyProxy {
  readonly url: string;
  set(state: LinkState): void;
  stop(): Promise<void>;
}

export async function startFaultyProxy(targetUrl: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(targetUrl);
  let state: LinkState = "open";
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The other end goes with it.
    socket.on("error", () => undefined);
  };
  const server = createServer((near) => {
    keep(near);
    if (state === "refused") {
      near.resetAndDestroy();
      return;
    }
    const far = connect(Number(port), hostname);
    keep(far);
    pass(near, far);
    pass(far, near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  const pass = (from: Socket, to: Socket): void => {
    from.on("data", (bytes: Buffer) => {
      if (state === "open") to.write(bytes);
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const destroyAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(changed) {
      // What was silent lost bytes: such a connection is of no more use.
      if (changed !== "silent") destroyAll();
      state = changed;
    },
    async stop() {
      destroyAll();
      server.close();
      await once(server, "close");
    },
  };
}
