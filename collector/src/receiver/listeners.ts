import type { AddressInfo } from "node:net";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Server } from "@grpc/grpc-js";
import type { FastifyInstance } from "fastify";
import type { Component } from "../component.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
}

/** A listening server; `port` is the real one once started. */
export interface Listener extends Component {
  readonly port: number;
}

/** A thousand processes may come at the same moment: after a restart, and to acknowledge a switch. */
const BACKLOG = 4096;

/** How long requests in flight may take to finish after a stop was asked for. */
const DRAIN_TIMEOUT_MS = 10_000;

/** The OTLP/HTTP port. Stop closes the port, lets requests in flight finish, then cuts what is left. */
export function httpListener(server: FastifyInstance, address: ListenAddress): Listener {
  let isListening = false;
  return {
    name: "OTLP/HTTP",
    get port(): number {
      return isListening ? (server.server.address() as AddressInfo).port : address.port;
    },
    async start() {
      await server.listen({ ...address, backlog: BACKLOG, listenTextResolver: () => "" });
      isListening = true;
    },
    async stop() {
      if (!isListening) return;
      const timer = setTimeout(() => server.server.closeAllConnections(), DRAIN_TIMEOUT_MS);
      await server.close();
      clearTimeout(timer);
      isListening = false;
    },
  };
}

/** The OTLP/gRPC port, with the same contract. */
export function grpcListener(server: Server, address: ListenAddress): Listener {
  let boundPort: number | undefined;
  return {
    name: "OTLP/gRPC",
    get port(): number {
      return boundPort ?? address.port;
    },
    async start() {
      boundPort = await new Promise<number>((resolve, reject) => {
        const target = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
        server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) =>
          error === null ? resolve(port) : reject(error),
        );
      });
    },
    async stop() {
      if (boundPort === undefined) return;
      boundPort = undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), DRAIN_TIMEOUT_MS);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
