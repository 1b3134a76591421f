import { CHANNELS, notify } from "../../db/notices.ts";
import { alertChannels, type ChannelConfig } from "../../db/schema/alert-channels.ts";
import { appendAudit } from "../audit/append.ts";
import { auditedChannel } from "./audited-channel.ts";
import { sealChannelSecret, type ChannelSecret } from "./channel-secret.ts";
import type { AlertContext } from "./context.ts";
import type { CreateChannelInput, UpdateChannelInput } from "./schemas.ts";

const ID_RANDOM_BYTES = 9;
/** As Standard Webhooks asks: 24 to 64. */
const WEBHOOK_SECRET_BYTES = 32;

export interface CreatedChannel {
  readonly id: string;
  /** Of a webhook: what its signatures are verified with. Shown once. */
  readonly webhookSecret: string | undefined;
}

/** Adds a channel. The project must exist; parse the input with `createChannelSchema` first. */
export async function createAlertChannel(
  context: AlertContext,
  input: CreateChannelInput,
  actor: string,
): Promise<CreatedChannel> {
  const now = context.now();
  const { projectId, name, kinds, minimumSeverity } = input;
  const id = `chan_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  const config = configOf(input);
  const secret = secretOf(context, input);
  const sealedSecret = secret && sealChannelSecret(context.secrets, id, secret);
  await context.db.transaction(async (transaction) => {
    await transaction.insert(alertChannels).values({
      id,
      projectId,
      name,
      config,
      sealedSecret,
      kinds,
      minimumSeverity,
      createdAt: now,
    });
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "alert_channel.create",
      projectId,
      subjectId: id,
      after: auditedChannel({ name, config, kinds, minimumSeverity }),
    });
    await notify(transaction, CHANNELS.alerts);
  });
  return { id, webhookSecret: secret?.webhookSecret };
}

function secretOf(context: AlertContext, input: CreateChannelInput): ChannelSecret | undefined {
  switch (input.type) {
    case "slack": {
      const { botToken, signingSecret } = input;
      return { botToken, ...(signingSecret !== undefined && { signingSecret }) };
    }
    case "webhook": {
      const bytes = Buffer.from(context.randomBytes(WEBHOOK_SECRET_BYTES));
      return { url: input.url, webhookSecret: `whsec_${bytes.toString("base64")}` };
    }
    case "email":
      return undefined;
  }
}

type ConfigInput =
  | Extract<UpdateChannelInput, { type: "slack" | "email" }>
  | Extract<CreateChannelInput, { type: "slack" | "email" }>
  | { readonly type: "webhook"; readonly url: string };

/** What may be shown of it. */
export function configOf(input: ConfigInput): ChannelConfig {
  switch (input.type) {
    case "slack": {
      const { type, slackChannel, hasButtons, buttonUsers } = input;
      return { type, slackChannel, hasButtons, buttonUsers };
    }
    case "webhook":
      return { type: "webhook", origin: new URL(input.url).origin };
    case "email":
      return { type: "email", addresses: input.addresses };
  }
}
