import { afterAll, beforeAll, expect, test } from "vitest";
import { createMailer, type Mailer } from "#lib/server/mail/mailer.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";

let server: MailServer;
let mailer: Mailer;

beforeAll(async () => {
  server = await startMailServer();
  mailer = createMailer({ smtpUrl: server.url, from: "LensAI <lensai@example.com>" });
});

afterAll(async () => {
  mailer.close();
  await server.stop();
});

const MAIL = { to: "ada@example.com", subject: "A budget is used up", text: "100 % of Shop" };

test("hands a mail to the server, text and HTML", async () => {
  await mailer.send({ ...MAIL, html: "<b>100 %</b> of Shop" });
  const [mail] = server.received;
  expect(mail?.to).toEqual(["ada@example.com"]);
  expect(mail?.message).toMatch(/^From: LensAI <lensai@example\.com>$/m);
  expect(mail?.message).toMatch(/^Subject: A budget is used up$/m);
  expect(mail?.message).toContain("100 % of Shop");
  expect(mail?.message).toContain("<b>100 %</b> of Shop");
});

test("takes no line break in a subject or an address as the start of a header", async () => {
  const before = server.received.length;
  await mailer.send({ ...MAIL, subject: "a\r\nBcc: eve@example.com" });
  const mail = server.received[before];
  expect(mail?.to).toEqual(["ada@example.com"]);
  expect(mail?.message).not.toMatch(/^Bcc:/m);
});

test.each([
  [550, false],
  [451, true],
])(
  "says whether an SMTP %i may be different later, and to nobody whose mail it was",
  async (code, retryable) => {
    server.refuseWith(code);
    const failure: unknown = await mailer.send(MAIL).catch((error: unknown) => error);
    server.refuseWith(undefined);
    expect(failure).toMatchObject({ code: "mail.failed", retryable });
    expect(String(failure)).toContain(`SMTP ${code}`);
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain("ada@");
  },
);

test("a server that is not there is a failure to try again after", async () => {
  const gone = createMailer({ smtpUrl: "smtp://user:secret@127.0.0.1:1", from: "x@example.com" });
  const failure: unknown = await gone.send(MAIL).catch((error: unknown) => error);
  gone.close();
  expect(failure).toMatchObject({ code: "mail.failed", retryable: true });
  expect(String(failure)).not.toContain("secret");
});
