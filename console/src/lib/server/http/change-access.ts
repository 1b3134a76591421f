import type { ConsoleSettings } from "../settings.ts";
import { isLoopbackAddress } from "./allowed-host.ts";

/** Who makes a change that nobody has signed in for: whoever sits at this machine. */
export const LOCAL_ACTOR = "local";
/** Whoever holds the control token. */
export const TOKEN_ACTOR = "control token";

/**
 * May the pages change anything? Without sign-in only where nobody else can reach them: on a loopback address.
 * Elsewhere changes go through /internal with the control token.
 */
export function pagesMayChange({ hostPolicy }: Pick<ConsoleSettings, "hostPolicy">): boolean {
  return isLoopbackAddress(hostPolicy.bindAddress);
}
