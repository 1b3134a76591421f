import { alertWords } from "../alert-words.ts";
import type { Delivery } from "../delivery.ts";

export interface AlertMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** An alert as a mail: the same words twice, once for readers of plain text. */
export function alertMail(event: Delivery["event"], url: string): AlertMail {
  const { title, text, facts } = alertWords(event);
  const lines = facts.map(([label, value]) => `${label}: ${value}`);
  return {
    subject: oneLine(`[LensAI] ${event.projectName}: ${title}`),
    text: [title, "", text, "", ...lines, "", url, ""].join("\n"),
    html: [
      `<!doctype html><html lang="en"><body style="font:15px/1.5 system-ui,sans-serif;color:#14181f">`,
      `<h1 style="font-size:18px;margin:0 0 8px">${escaped(title)}</h1>`,
      `<p style="margin:0 0 12px">${escaped(text)}</p>`,
      ...(facts.length === 0
        ? []
        : [`<table style="border-spacing:0">`, ...facts.map(factRow), `</table>`]),
      `<p style="margin:16px 0"><a href="${escaped(url)}">Open in LensAI</a></p>`,
      `<p style="color:#5a6475;font-size:13px">Project ${escaped(event.projectName)}</p>`,
      `</body></html>`,
    ].join("\n"),
  };
}

const factRow = ([label, value]: readonly [string, string]): string =>
  `<tr><td style="padding:2px 16px 2px 0;color:#5a6475">${escaped(label)}</td><td>${escaped(value)}</td></tr>`;

const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** A header has one line; a name that contains another would add headers. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");
