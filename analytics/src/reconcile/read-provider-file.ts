import { LensError } from "@lensai/otel-config/errors";
import type { ProviderPage } from "./provider-record.ts";
import { readCsv } from "./read-csv.ts";
import { fileError } from "./read-fields.ts";
import { readPage } from "./read-page.ts";

/** What providers have told, in files. Throws `config.invalid` for one that is no report, and for one given twice. */
export function readProviderFiles(
  files: readonly { readonly name: string; readonly text: string }[],
): ProviderPage[] {
  const nameByText = new Map<string, string>();
  return files.flatMap(({ name, text }) => {
    const same = nameByText.get(text);
    if (same !== undefined)
      throw new LensError("config.invalid", `${name} and ${same} are the same: give it once`);
    nameByText.set(text, name);
    return readProviderFile(name, text);
  });
}

/**
 * The pages in one file that a provider's API answered with, or a CSV file. Several pages are a JSON list of them.
 * Throws `config.invalid` with what is wrong.
 */
export function readProviderFile(file: string, text: string): ProviderPage[] {
  const content = text.replace(/^\u{FEFF}/u, "").trim();
  if (content === "") throw fileError(file, "the file is empty");
  if (!/^[[{]/.test(content)) return [readCsv(file, content)];
  const document = parseJson(file, content);
  const pages: readonly unknown[] = Array.isArray(document) ? document : [document];
  return pages.map((page) => readPage(file, page));
}

function parseJson(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw fileError(file, `this is not JSON: ${(cause as Error).message}`);
  }
}
