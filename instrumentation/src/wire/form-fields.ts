import type { JsonObject } from "./json-path.ts";

/** The fields of a form by name: their text, or null for a file. */
export type FormFields = Readonly<Record<string, string | null>>;

const PART_NAME = /^content-disposition:.*?[; ]name="([^"]*)"/im;
const FILE_NAME = /^content-disposition:.*?[; ]filename\*?=/im;
const HEAD_END = "\r\n\r\n";

/** The fields of a body of type multipart/form-data (RFC 7578); undefined when it is something else. */
export function formFieldsOf(body: string): FormFields | undefined {
  const boundary = /^--[^\r\n]{1,70}(?=\r\n)/.exec(body)?.[0];
  if (boundary === undefined) return undefined;
  const fields: Record<string, string | null> = {};
  for (const part of body.split(boundary)) {
    const headEnd = part.indexOf(HEAD_END);
    const head = part.slice(0, Math.max(0, headEnd));
    const name = PART_NAME.exec(head)?.[1];
    if (name === undefined) continue;
    // The line end before the next boundary belongs to the boundary.
    const value = part.slice(headEnd + HEAD_END.length, -"\r\n".length);
    fields[name] = FILE_NAME.test(head) ? null : value;
  }
  return fields;
}

/** The same request in JSON: a form has only texts, where the API means numbers and booleans. */
export function requestOfForm(form: FormFields): JsonObject {
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, typed(value)]));
}

function typed(value: string | null): unknown {
  if (value === "true" || value === "false") return value === "true";
  return value !== null && /^\d{1,9}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value;
}
