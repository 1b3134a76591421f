import { join } from "node:path";

export interface CephPlaces {
  readonly folder: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly monitorLegacyPort: number;
  readonly gatewayPort: number;
}

const MEMORY_BYTES = 4 * 2 ** 30;

/** The monitor's address in both protocols. */
export function monitorAddress({ monitorPort, monitorLegacyPort }: CephPlaces): string {
  return `[v2:127.0.0.1:${monitorPort},v1:127.0.0.1:${monitorLegacyPort}]`;
}

/**
 * One monitor, one object store daemon that keeps everything in memory, one gateway, on loopback only.
 * cephx stays on: without it the gateway waits minutes for an answer that never comes.
 */
export function cephConfig(places: CephPlaces): string {
  const { folder, fsid, gatewayPort } = places;
  const lines = [
    "[global]",
    `fsid = ${fsid}`,
    `mon host = ${monitorAddress(places)}`,
    "mon initial members = a",
    "public addr = 127.0.0.1",
    "cluster addr = 127.0.0.1",
    "auth cluster required = cephx",
    "auth service required = cephx",
    "auth client required = cephx",
    `keyring = ${join(folder, "admin.keyring")}`,
    `run dir = ${folder}`,
    `admin socket = ${join(folder, "$name.asok")}`,
    "pid file =",
    "log file =",
    "log to stderr = true",
    "err to stderr = true",
    "mon cluster log to file = false",
    "osd pool default size = 1",
    "osd pool default min size = 1",
    "osd pool default pg num = 4",
    "osd pool default pg autoscale mode = off",
    "osd crush chooseleaf type = 0",
    "[mon]",
    `mon data = ${join(folder, "mon-a")}`,
    "mon allow pool size one = true",
    "mon data avail warn = 0",
    "mon data avail crit = 0",
    "[osd]",
    `osd data = ${join(folder, "osd-0")}`,
    `keyring = ${join(folder, "osd-0", "keyring")}`,
    "osd objectstore = memstore",
    `memstore device bytes = ${MEMORY_BYTES}`,
    "osd class load list = *",
    "osd class default list = *",
    "[client.rgw]",
    `keyring = ${join(folder, "rgw.keyring")}`,
    `rgw data = ${join(folder, "rgw")}`,
    `rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}`,
    "rgw lc debug interval = 10",
  ];
  return `${lines.join("\n")}\n`;
}
