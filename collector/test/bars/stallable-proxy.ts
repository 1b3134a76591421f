import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A TCP hop that can stop to carry bytes without closing a connection, as a network that hangs does. */
export interface StallableProxy {
  readonly endpoint: string;
  stall(): void;
  release(): void;
  close(): Promise<void>;
}

export async function startProxy(target: URL): Promise<StallableProxy> {
  /** From each socket to the one that gets its bytes. */
  const pairs = new Map<Socket, Socket>();
  let isStalled = false;
  const carry = (from: Socket, to: Socket): void => {
    pairs.set(from, to);
    if (!isStalled) from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      pairs.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    carry(client, upstream);
    carry(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall() {
      isStalled = true;
      for (const from of pairs.keys()) from.unpipe();
    },
    release() {
      isStalled = false;
      for (const [from, to] of pairs) from.pipe(to);
    },
    async close() {
      for (const from of pairs.keys()) from.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
