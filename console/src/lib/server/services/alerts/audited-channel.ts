import type { alertChannels } from "../../db/schema/alert-channels.ts";

/**
 * A channel as the audit log has it. The log keeps its entries for ever: of mail addresses it has the number, and
 * of secrets nothing.
 */
export function auditedChannel(
  channel: Pick<typeof alertChannels.$inferSelect, "name" | "config" | "kinds" | "minimumSeverity">,
): object {
  const { name, config, kinds, minimumSeverity } = channel;
  const audited =
    config.type === "email" ? { type: config.type, addressCount: config.addresses.length } : config;
  return { name, config: audited, kinds, minimumSeverity };
}
