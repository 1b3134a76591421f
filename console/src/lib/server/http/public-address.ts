import { BlockList, isIP, isIPv6 } from "node:net";

/**
 * Addresses that lead into this machine or its networks, or nowhere (IANA special-purpose registries). A URL that
 * somebody entered must not make the console ask there: what answers may trust everybody who can reach it, as the
 * metadata services of clouds do at 169.254.169.254.
 */
const INNER = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  INNER.addSubnet(network, prefix, "ipv4");

/** Of IPv6 only global unicast (2000::/3) is let through, and of that not what carries another address inside. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet("2000::", 3, "ipv6");
for (const [network, prefix] of [
  // Teredo, benchmarking, ORCHID and others of the IETF's own.
  ["2001::", 23],
  ["2001:db8::", 32],
  // 6to4: an IPv4 address in the middle.
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  INNER.addSubnet(network, prefix, "ipv6");

/** `::ffff:10.0.0.1` is 10.0.0.1. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** May a request of ours go to this IP address? False for whatever is no address. */
export function isPublicAddress(address: string): boolean {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return isPublicAddress(mapped);
  if (isIP(address) === 0) return false;
  if (!isIPv6(address)) return !INNER.check(address, "ipv4");
  return GLOBAL_UNICAST.check(address, "ipv6") && !INNER.check(address, "ipv6");
}
