import { once } from "node:events";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  readonly to: readonly string[];
  /** The message as it came, headers and all. */
  readonly message: string;
}

/** A real SMTP server that keeps what it is given. */
export interface MailServer {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** The next mails are refused with this code; undefined takes them again. */
  refuseWith(responseCode: number | undefined): void;
  stop(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  let refusal: number | undefined;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        if (refusal === undefined) {
          received.push({ to, message: Buffer.concat(chunks).toString() });
          done();
        } else {
          const error = Object.assign(new Error(`no mail for ${to.join()}`), {
            responseCode: refusal,
          });
          done(error);
        }
      });
    },
  });
  server.on("error", () => undefined);
  const listener = server.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refuseWith: (responseCode) => (refusal = responseCode),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The first link of a mail, with the line breaks of its encoding taken out. */
export function linkIn({ message }: ReceivedMail): string {
  const text = message
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    );
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  if (link === undefined) throw new Error(`no link in:\n${text}`);
  return link;
}
