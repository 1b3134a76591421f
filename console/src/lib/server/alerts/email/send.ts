import { LensError } from "@lensai/otel-config/errors";
import type { Mailer } from "../../mail/mailer.ts";
import type { SendAlert, UrlOfAlert } from "../delivery.ts";
import { alertMail } from "./message.ts";

export interface EmailSenderOptions {
  /** Undefined: this console sends no mail. */
  readonly mailer: Mailer | undefined;
  readonly urlOf: UrlOfAlert;
}

/** One mail to all addresses of the channel. Its Message-ID is the alert's: a second copy can be told to be one. */
export function createEmailSender({ mailer, urlOf }: EmailSenderOptions): SendAlert {
  return async ({ event, channel, mayHaveArrived }) => {
    const failed = { outcome: "failed", isReceiverDown: true } as const;
    if (mailer === undefined)
      return {
        ...failed,
        reason: "this console sends no mail: set LENSAI_SMTP_URL",
        mayHaveArrived,
      };
    const { config, id } = channel;
    if (config.type !== "email")
      return { ...failed, reason: "the channel has no addresses", mayHaveArrived };
    try {
      await mailer.send({
        to: config.addresses,
        messageId: `<${event.id}.${id}@lensai>`,
        ...alertMail(event, urlOf(event)),
      });
      return { outcome: "delivered" };
    } catch (error) {
      if (!(error instanceof LensError)) throw error;
      // Refused for good are this mail and these addresses; everything else is about the server.
      return {
        outcome: "failed",
        reason: error.message,
        mayHaveArrived: true,
        isReceiverDown: error.retryable,
      };
    }
  };
}
