import type { SecretBox } from "../../secrets/secret-box.ts";

/** What a channel sends with. Never leaves the console other than to the receiver it is for. */
export interface ChannelSecret {
  /** Slack. */
  readonly botToken?: string;
  readonly signingSecret?: string;
  /** Webhook: its path is often a secret, too. */
  readonly url?: string;
  /** Webhook: what signatures are made with, `whsec_` and base64. */
  readonly webhookSecret?: string;
}

const ownerOf = (channelId: string): string => `alert_channels/${channelId}`;

export function sealChannelSecret(
  box: SecretBox,
  channelId: string,
  secret: ChannelSecret,
): Buffer {
  return box.seal(ownerOf(channelId), JSON.stringify(secret));
}

/** Throws LensError `config.invalid` when it cannot be opened. */
export function openChannelSecret(
  box: SecretBox,
  channel: { readonly id: string; readonly sealedSecret: Uint8Array | null },
): ChannelSecret {
  if (channel.sealedSecret === null) return {};
  return JSON.parse(box.open(ownerOf(channel.id), channel.sealedSecret)) as ChannelSecret;
}
