import type { Mailer } from "../mail/mailer.ts";
import { createSecretBox } from "../secrets/secret-box.ts";
import { secretsKey } from "../secrets/secrets-key.ts";
import type { AlertContext } from "../services/alerts/context.ts";
import type { ChannelRef } from "../services/alerts/schemas.ts";
import type { ServiceContext } from "../services/context.ts";
import type { AlertSettings } from "../settings.ts";
import { alertPath } from "./alert-path.ts";
import { createDeliveryJob } from "./delivery-job.ts";
import type { DeliveryOutcome, SendAlert, UrlOfAlert } from "./delivery.ts";
import { createEmailSender } from "./email/send.ts";
import { sendTest } from "./send-test.ts";
import { handleInteraction, type InteractionAnswer } from "./slack/handle-interaction.ts";
import { replyToSlack } from "./slack/reply.ts";
import { createSlackSender } from "./slack/send.ts";
import type { SlackRequest } from "./slack/verify-request.ts";
import { createWebhookSender } from "./webhook/send.ts";

/** The part of a console that tells people what happens. */
export interface Alerts {
  /** For the services of channels. */
  readonly context: AlertContext;
  start(): void;
  /** There may be something to send. */
  wake(): void;
  /** Sends a test to one channel, now; undefined when there is no such channel. */
  test(ref: ChannelRef): Promise<DeliveryOutcome | undefined>;
  /** A request to Slack's interactivity URL; a reply goes out after the answer. */
  interact(request: SlackRequest): Promise<InteractionAnswer["status"]>;
  /** Why nothing can be sent at the moment; undefined while it can. */
  problem(): string | undefined;
  stop(): Promise<void>;
}

export interface AlertsOptions {
  readonly settings: AlertSettings;
  readonly services: ServiceContext;
  readonly mailer: Mailer | undefined;
  /** Where links to the console lead. */
  readonly publicOrigin: string;
}

export function createAlerts({ settings, services, mailer, publicOrigin }: AlertsOptions): Alerts {
  const { slackApiUrl, mayWebhooksBePrivate } = settings;
  const key = secretsKey(settings.secretsKey, settings.dataFolder);
  const secrets = createSecretBox(key, services.randomBytes);
  const context: AlertContext = { ...services, secrets };
  const ending = new AbortController();
  const urlOf: UrlOfAlert = (event) => new URL(alertPath(event), publicOrigin).href;
  const send = byChannelType({
    slack: createSlackSender({ apiUrl: slackApiUrl, urlOf }),
    webhook: createWebhookSender({ now: services.now, mayBePrivate: mayWebhooksBePrivate, urlOf }),
    email: createEmailSender({ mailer, urlOf }),
  });
  const job = createDeliveryJob({ context, send, random: Math.random });
  return {
    context,
    start: () => job.start(),
    wake: () => job.wake(),
    test: (ref) => sendTest({ context, send }, ref, ending.signal),
    interact: async (request) => {
      const answer = await handleInteraction({ context, urlOf }, request);
      if (answer.status === 200 && answer.reply !== undefined)
        void replyToSlack(answer.reply, slackApiUrl);
      return answer.status;
    },
    problem: () => job.problem(),
    stop: async () => {
      await job.stop();
      ending.abort();
    },
  };
}

const byChannelType =
  (senders: Readonly<Record<"slack" | "webhook" | "email", SendAlert>>): SendAlert =>
  (delivery, signal) =>
    senders[delivery.channel.config.type](delivery, signal);
