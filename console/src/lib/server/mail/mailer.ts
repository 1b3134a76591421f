import { LensError } from "@lensai/otel-config/errors";
import { createTransport } from "nodemailer";

export interface MailSettings {
  /** smtp:// or smtps:// with user and password where the server asks for them. */
  readonly smtpUrl: string;
  /** As in a From header: "LensAI <lensai@example.com>". */
  readonly from: string;
}

export interface Mail {
  /** One address or several, each of which sees the others. */
  readonly to: string | readonly string[];
  readonly subject: string;
  /** Every mail can be read as plain text. */
  readonly text: string;
  readonly html?: string;
  /** With angle brackets; a new one when absent. */
  readonly messageId?: string;
}

export interface Mailer {
  /**
   * Resolves when the server has taken the mail. Rejects with LensError "mail.failed", retryable when the same mail may
   * be taken later; neither its message nor its details name an address or a password.
   */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** A server that does not answer must not hold up what sends. */
const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 20_000;
/** Unused connections close; a busy moment shares a few. */
const CONNECTIONS_MAX = 3;

export function createMailer({ smtpUrl, from }: MailSettings): Mailer {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // Nothing that is mailed may make this process read a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, ...rest }) => {
      try {
        await transport.sendMail({ from, to: typeof to === "string" ? to : [...to], ...rest });
      } catch (error) {
        throw mailFailure(error);
      }
    },
    close: () => transport.close(),
  };
}

/** A permanent refusal of SMTP is 5xx (RFC 5321 §4.2.1); everything else may be different in a while. */
function mailFailure(error: unknown): LensError {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  const isPermanent = responseCode !== undefined && responseCode >= 500;
  const reason = responseCode === undefined ? (code ?? "unknown") : `SMTP ${responseCode}`;
  // The server's own words often repeat the address.
  return new LensError("mail.failed", `the mail server did not take a mail (${reason})`, {
    retryable: !isPermanent,
  });
}
