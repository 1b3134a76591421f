import type { Mailer } from "../mail/mailer.ts";
import type { SecretBox } from "../secrets/secret-box.ts";
import type { AlertContext } from "../services/alerts/context.ts";
import type { ChannelRef } from "../services/alerts/schemas.ts";
import type { LakeReader } from "../lake/lake-reader.ts";
import type { ServiceContext } from "../services/context.ts";
import type { AlertSettings } from "../settings.ts";
import { alertPath } from "./alert-path.ts";
import { createDeliveryJob } from "./delivery-job.ts";
import type { DeliveryOutcome, SendAlert, UrlOfAlert } from "./delivery.ts";
import { createEmailSender } from "./email/send.ts";
import { createEvaluateJob, type EvaluateJobOptions } from "./evaluate/evaluate-job.ts";
import { createExhaustedBudgets, type ExhaustedBudget } from "./evaluate/exhausted-budgets.ts";
import { sendTest } from "./send-test.ts";
import { answerInTime } from "./slack/answer-in-time.ts";
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
  /** Something may wait to be sent, or a channel may be new. */
  wake(): void;
  /** The ledgers of these projects have moved. */
  settled(projectIds: Iterable<string>): void;
  /** Calls were refused under these budgets. */
  refused(budgets: readonly ExhaustedBudget[]): void;
  /** Budgets may have changed. */
  reconsider(): void;
  /** Sends a test to one channel, now; undefined when there is no such channel. */
  test(ref: ChannelRef): Promise<DeliveryOutcome | undefined>;
  /** A request to Slack's interactivity URL; a reply goes out after the answer. 503: the database does not answer. */
  interact(request: SlackRequest): Promise<InteractionAnswer["status"] | 503>;
  /** Why nothing can be sent at the moment; undefined while it can. */
  problem(): string | undefined;
  stop(): Promise<void>;
}

export interface AlertsOptions {
  readonly settings: AlertSettings;
  readonly services: ServiceContext;
  /** Of the channels' secrets. */
  readonly secrets: SecretBox;
  readonly mailer: Mailer | undefined;
  /** Where links to the console lead. */
  readonly publicOrigin: string;
  readonly lake: LakeReader;
  readonly follow: EvaluateJobOptions["follow"];
  readonly troubles: EvaluateJobOptions["troubles"];
}

export function createAlerts(options: AlertsOptions): Alerts {
  const { settings, services, secrets, mailer, publicOrigin, lake, follow, troubles } = options;
  const { slackApiUrl, mayWebhooksBePrivate } = settings;
  const context: AlertContext = { ...services, secrets };
  const ending = new AbortController();
  const urlOf: UrlOfAlert = (event) => new URL(alertPath(event), publicOrigin).href;
  const send = byChannelType({
    slack: createSlackSender({ apiUrl: slackApiUrl, urlOf }),
    webhook: createWebhookSender({ now: services.now, mayBePrivate: mayWebhooksBePrivate, urlOf }),
    email: createEmailSender({ mailer, urlOf }),
  });
  const exhausted = createExhaustedBudgets(() => services.now().getTime());
  const deliveries = createDeliveryJob({ context, send, random: Math.random });
  const evaluation = createEvaluateJob({ services, lake, follow, troubles, exhausted });
  return {
    context,
    start: () => {
      deliveries.start();
      evaluation.start();
    },
    wake: () => {
      deliveries.wake();
      evaluation.wake();
    },
    settled: (projectIds) => evaluation.add(projectIds),
    refused: (budgets) => {
      for (const budget of budgets) exhausted.add(budget);
      if (budgets.length > 0) evaluation.add(new Set(budgets.map(({ projectId }) => projectId)));
    },
    reconsider: () => evaluation.reconsider(),
    test: (ref) => sendTest({ context, send }, ref, ending.signal),
    interact: (request) =>
      answerInTime(async (signal) => {
        const answer = await handleInteraction({ context, urlOf, signal }, request);
        if (answer.status === 200 && answer.reply !== undefined)
          void replyToSlack(answer.reply, slackApiUrl);
        return answer.status;
      }),
    problem: () => deliveries.problem() ?? evaluation.problem(),
    stop: async () => {
      await Promise.all([deliveries.stop(), evaluation.stop()]);
      ending.abort();
    },
  };
}

const byChannelType =
  (senders: Readonly<Record<"slack" | "webhook" | "email", SendAlert>>): SendAlert =>
  (delivery, signal) =>
    senders[delivery.channel.config.type](delivery, signal);
