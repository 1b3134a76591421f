import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cephConfig, monitorAddress } from "./ceph-config.ts";
import type { CephPlaces } from "./ceph-config.ts";
import { startDaemon } from "./daemon.ts";
import type { Daemon } from "./daemon.ts";
import { runCommand } from "./run-command.ts";

export interface CephGateway {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ends the daemons and removes everything they wrote. */
  stop(): Promise<void>;
}

export const CEPH_PACKAGES = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"] as const;
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

/**
 * Starts a Ceph cluster of the smallest size with its S3 gateway, and makes a user. Takes 10 to 20 s; when
 * `signal` is aborted meanwhile, or a step fails, nothing stays behind.
 */
export async function startCeph(signal: AbortSignal): Promise<CephGateway> {
  // short: the daemons' admin sockets lie in it, and a socket's path has at most 107 bytes
  const folder = await mkdtemp(join(tmpdir(), "lensai-ceph-"));
  const daemons: Daemon[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.toReversed()) await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [monitorPort, monitorLegacyPort, gatewayPort] = await freePorts();
    const fsid = randomUUID();
    const places: CephPlaces = { folder, fsid, monitorPort, monitorLegacyPort, gatewayPort };
    const config = join(folder, "ceph.conf");
    await writeFile(config, cephConfig(places));
    const cluster: Cluster = {
      folder,
      config,
      signal,
      start: (name, ...command) => {
        signal.throwIfAborted();
        const daemon = startDaemon(name, command, join(folder, `${name}.log`));
        daemons.push(daemon);
        return daemon;
      },
    };
    await startMonitor(cluster, places);
    await startObjectStorage(cluster);
    const credentials = await startGateway(cluster, gatewayPort);
    return { ...credentials, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Cluster {
  readonly folder: string;
  readonly config: string;
  readonly signal: AbortSignal;
  readonly start: (name: string, program: string, ...args: string[]) => Daemon;
}

async function startMonitor(
  { folder, config, signal, start }: Cluster,
  places: CephPlaces,
): Promise<void> {
  const monitorKeys = join(folder, "mon.keyring");
  const adminKeys = join(folder, "admin.keyring");
  const map = join(folder, "monmap");
  const all = ["mon", "osd", "mgr"].flatMap((service) => ["--cap", service, "allow *"]);
  const create = ["--create-keyring", "--gen-key"];
  await runCommand("ceph-authtool", [
    monitorKeys,
    ...create,
    "-n",
    "mon.",
    "--cap",
    "mon",
    "allow *",
  ]);
  await runCommand("ceph-authtool", [adminKeys, ...create, "-n", "client.admin", ...all]);
  await runCommand("ceph-authtool", [monitorKeys, "--import-keyring", adminKeys]);
  const member = ["--addv", "a", monitorAddress(places)];
  await runCommand("monmaptool", ["--create", "--fsid", places.fsid, ...member, map]);
  const files = ["--monmap", map, "--keyring", monitorKeys];
  await runCommand("ceph-mon", ["--mkfs", "-i", "a", "-c", config, ...files]);
  const monitor = start("mon", "ceph-mon", "-f", "-i", "a", "-c", config);
  await whileRunning(monitor, signal, async () => {
    await ceph(config, "mon", "stat");
  });
}

async function startObjectStorage({ folder, config, signal, start }: Cluster): Promise<void> {
  const uuid = randomUUID();
  await mkdir(join(folder, "osd-0"));
  const keys = join(folder, "osd-0", "keyring");
  await runCommand("ceph-authtool", [keys, "--create-keyring", "--gen-key", "-n", "osd.0"]);
  await ceph(config, "osd", "new", uuid);
  const rights = ["mon", "allow profile osd", "osd", "allow *"];
  await ceph(config, "auth", "add", "osd.0", ...rights, "-i", keys);
  const identity = ["-i", "0", "-c", config];
  await runCommand("ceph-osd", ["--mkfs", "--no-mon-config", ...identity, "--osd-uuid", uuid]);
  await ceph(config, "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h0");
  const storage = start("osd", "ceph-osd", "-f", ...identity);
  await whileRunning(storage, signal, async () => {
    const { num_up_osds: up } = JSON.parse(await ceph(config, "osd", "stat", "-f", "json")) as {
      readonly num_up_osds: number;
    };
    if (up !== 1) throw new Error("the object store daemon is not up");
  });
}

async function startGateway(
  { folder, config, signal, start }: Cluster,
  port: number,
): Promise<Omit<CephGateway, "stop">> {
  const keys = join(folder, "rgw.keyring");
  const rights = ["mon", "allow rw", "osd", "allow rwx"];
  await ceph(config, "auth", "get-or-create", "client.rgw", ...rights, "-o", keys);
  const accessKeyId = randomBytes(10).toString("hex");
  const secretAccessKey = randomBytes(20).toString("hex");
  const user = ["--uid", "lensai", "--display-name", "lensai"];
  const pair = ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
  await runCommand("radosgw-admin", [
    "user",
    "create",
    "-c",
    config,
    "-n",
    "client.rgw",
    ...user,
    ...pair,
  ]);
  const gateway = start("rgw", "radosgw", "-f", "-n", "client.rgw", "-c", config);
  const endpoint = `http://127.0.0.1:${port}`;
  await whileRunning(gateway, signal, async () => {
    await fetch(endpoint);
  });
  return { endpoint, accessKeyId, secretAccessKey };
}

async function ceph(config: string, ...args: string[]): Promise<string> {
  return await runCommand("ceph", ["-c", config, "--connect-timeout", "10", ...args]);
}

/** Repeats `probe` until it succeeds; fails when the daemon ends or the time is up. */
async function whileRunning(
  daemon: Daemon,
  signal: AbortSignal,
  probe: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let output: string | undefined;
  void daemon.ended.then((text) => (output = text));
  for (;;) {
    signal.throwIfAborted();
    if (output !== undefined) throw new Error(`${daemon.name} ended: ${output}`);
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${daemon.name} does not answer`, { cause: error });
      await delay(POLL_INTERVAL_MS);
    }
  }
}

async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            resolve((server.address() as AddressInfo).port);
          });
        }),
    ),
  );
  for (const server of servers) server.close();
  return ports as [number, number, number];
}
