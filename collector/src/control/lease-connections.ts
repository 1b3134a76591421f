import type { Socket } from "node:net";
import type { GoneInstance } from "@lensai/otel-config/control/leases";

/**
 * By which connections processes ask for leases. When the last one of a process is closed from its end, it has died:
 * the kernel closes the connections of a process that is killed, and nobody those of one that is cut off.
 */
export class LeaseConnections {
  private readonly onGone: (instance: GoneInstance) => void;
  private readonly instances = new Map<Socket, Map<string, GoneInstance>>();
  /** By instance. */
  private readonly sockets = new Map<string, Set<Socket>>();

  constructor(onGone: (instance: GoneInstance) => void) {
    this.onGone = onGone;
  }

  note({ projectId, instanceId }: GoneInstance, socket: Socket): void {
    const name = `${projectId} ${instanceId}`;
    this.instancesOf(socket).set(name, { projectId, instanceId });
    this.sockets.set(name, (this.sockets.get(name) ?? new Set<Socket>()).add(socket));
  }

  private instancesOf(socket: Socket): Map<string, GoneInstance> {
    const known = this.instances.get(socket);
    if (known !== undefined) return known;
    const instances = new Map<string, GoneInstance>();
    this.instances.set(socket, instances);
    let isEndedByPeer = false;
    const ended = (): void => {
      isEndedByPeer = true;
    };
    socket.once("end", ended).once("error", ended);
    socket.once("close", () => this.closed(socket, isEndedByPeer));
    return instances;
  }

  private closed(socket: Socket, isEndedByPeer: boolean): void {
    const instances = this.instances.get(socket) ?? new Map<string, GoneInstance>();
    this.instances.delete(socket);
    for (const [name, instance] of instances) {
      const others = this.sockets.get(name);
      others?.delete(socket);
      if (others?.size !== 0) continue;
      this.sockets.delete(name);
      if (isEndedByPeer) this.onGone(instance);
    }
  }
}
