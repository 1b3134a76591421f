import { formFieldsOf, requestOfForm } from "./form-fields.ts";
import type { FormFields } from "./form-fields.ts";
import { isJsonObject } from "./json-path.ts";
import type { JsonObject } from "./json-path.ts";

/** Longer requests are not parsed: it would hold up the application. Their model comes with the answer. */
export const REQUEST_CHARACTERS_MAX = 4 * 1024 * 1024;

/** What the body of a request says. It is parsed once, however many ask. */
export interface RequestBody {
  /** The body as it is; undefined for a form, and for what cannot be read. */
  readonly json: JsonObject | undefined;
  /** The same, with the fields of a form as the members of JSON that they stand for. */
  readonly members: JsonObject | undefined;
}

export function readRequestBody(
  body: string | undefined,
  form: FormFields | undefined,
): RequestBody {
  const fields = form ?? (isTooLong(body) ? undefined : formFieldsOf(body));
  if (fields !== undefined) return { json: undefined, members: requestOfForm(fields) };
  const json = isTooLong(body) ? undefined : parsed(body);
  return { json, members: json };
}

const isTooLong = (body: string | undefined): body is undefined =>
  body === undefined || body.length > REQUEST_CHARACTERS_MAX;

function parsed(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
