import type { Mail } from "../mail/mailer.ts";

export function signInMail(link: string): Omit<Mail, "to"> {
  return {
    subject: "Sign in to LensAI",
    text: [
      "Open this link to sign in to LensAI. It works once and for five minutes.",
      "",
      link,
      "",
      "If you did not ask for it, leave it alone: without it nobody gets in.",
      "",
    ].join("\n"),
  };
}

export function invitationMail(link: string, organizationName: string): Omit<Mail, "to"> {
  return {
    // One line: a name is free text.
    subject: `You are invited to ${organizationName.replaceAll(/\s+/g, " ")} on LensAI`,
    text: [
      `You are invited to ${organizationName} on LensAI. Open this link to join; it works once and for seven days.`,
      "",
      link,
      "",
    ].join("\n"),
  };
}
