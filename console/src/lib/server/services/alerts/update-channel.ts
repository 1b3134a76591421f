import { and, eq, isNull } from "drizzle-orm";
import { alertChannels, type ChannelConfig } from "../../db/schema/alert-channels.ts";
import { appendAudit } from "../audit/append.ts";
import { auditedChannel } from "./audited-channel.ts";
import { openChannelSecret, sealChannelSecret, type ChannelSecret } from "./channel-secret.ts";
import type { AlertContext } from "./context.ts";
import { configOf } from "./create-channel.ts";
import type { UpdateChannelInput } from "./schemas.ts";

type ChannelRow = typeof alertChannels.$inferSelect;

export type UpdateChannelResult =
  | { readonly outcome: "updated"; readonly version: number }
  /** Somebody else was faster: look at that version first. */
  | { readonly outcome: "conflict"; readonly version: number }
  | { readonly outcome: "unknown" }
  /** Buttons without a signing secret, or another type than it was created with. */
  | { readonly outcome: "refused"; readonly problem: string };

/** Changes a channel; secrets that the input leaves out stay as they are. */
export async function updateAlertChannel(
  context: AlertContext,
  input: UpdateChannelInput,
  actor: string,
): Promise<UpdateChannelResult> {
  const now = context.now();
  const { projectId, channelId, name, kinds, minimumSeverity } = input;
  return context.db.transaction(async (transaction): Promise<UpdateChannelResult> => {
    const [before] = await transaction
      .select()
      .from(alertChannels)
      .where(
        and(
          eq(alertChannels.projectId, projectId),
          eq(alertChannels.id, channelId),
          isNull(alertChannels.removedAt),
        ),
      )
      // What is to be sent there can be added meanwhile: a kill-switch does so behind its entry of the audit log.
      .for("no key update");
    if (before === undefined) return { outcome: "unknown" };
    if (before.version !== input.version) return { outcome: "conflict", version: before.version };
    const changes = changesOf(context, before, input);
    if ("problem" in changes) return { outcome: "refused", problem: changes.problem };
    const { config, sealedSecret } = changes;
    const version = before.version + 1;
    await transaction
      .update(alertChannels)
      .set({ name, config, sealedSecret, kinds, minimumSeverity, version })
      .where(eq(alertChannels.id, channelId));
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "alert_channel.update",
      projectId,
      subjectId: channelId,
      before: auditedChannel(before),
      after: {
        ...auditedChannel({ name, config, kinds, minimumSeverity }),
        ...(changes.isSecretNew && { secret: "replaced" }),
      },
    });
    return { outcome: "updated", version };
  });
}

interface ChannelChanges {
  readonly config: ChannelConfig;
  readonly sealedSecret: Buffer | null;
  readonly isSecretNew: boolean;
}

function changesOf(
  context: AlertContext,
  before: ChannelRow,
  input: UpdateChannelInput,
): ChannelChanges | { readonly problem: string } {
  if (before.config.type !== input.type)
    return { problem: `type: the channel is of type ${before.config.type}; add another one` };
  const given = givenSecret(input);
  const isSecretNew = Object.keys(given).length > 0;
  const mustOpen = isSecretNew || (input.type === "slack" && input.hasButtons);
  const kept = mustOpen ? keptSecret(context, before, given) : {};
  const secret = { ...kept, ...given };
  if (input.type === "slack" && input.hasButtons && secret.signingSecret === undefined)
    return { problem: "signingSecret: is needed for buttons" };
  const sealedSecret = isSecretNew
    ? sealChannelSecret(context.secrets, before.id, secret)
    : before.sealedSecret;
  return { config: changedConfig(before, input), sealedSecret, isSecretNew };
}

function changedConfig({ config }: ChannelRow, input: UpdateChannelInput): ChannelConfig {
  if (input.type !== "webhook") return configOf(input);
  const { type, url } = input;
  return url === undefined ? config : configOf({ type, url });
}

function givenSecret(input: UpdateChannelInput): ChannelSecret {
  switch (input.type) {
    case "slack": {
      const { botToken, signingSecret } = input;
      return {
        ...(botToken !== undefined && { botToken }),
        ...(signingSecret !== undefined && { signingSecret }),
      };
    }
    case "webhook":
      return input.url === undefined ? {} : { url: input.url };
    case "email":
      return {};
  }
}

/** One that cannot be opened any more is no reason to refuse a new one that is complete. */
function keptSecret(
  context: AlertContext,
  before: ChannelRow,
  given: ChannelSecret,
): ChannelSecret {
  try {
    return openChannelSecret(context.secrets, before);
  } catch (error) {
    if (given.botToken !== undefined) return {};
    throw error;
  }
}
