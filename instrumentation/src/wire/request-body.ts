import { formFieldsOf, requestOfForm } from "./form-fields.ts";
import type { FormFields } from "./form-fields.ts";
import { isJsonObject } from "./json-path.ts";
import type { JsonObject } from "./json-path.ts";

/** Longer requests are not parsed: it would hold up the application. Their model comes with the answer. */
export const REQUEST_CHARACTERS_MAX = 4 * 1024 * 1024;

/** The body of a request, as its transport has it. */
export interface BodySource {
  /** As text; undefined when it cannot be read without disturbing the caller, or is too long to be kept. */
  readonly body: string | undefined;
  /** The fields of a form that is the body: their text, or null for a file. */
  readonly form?: FormFields | undefined;
  /** How long it is, of a body that is not kept. */
  readonly bodyLength?: number | undefined;
}

/** What the body of a request says. It is parsed once, however many ask. */
export interface RequestBody {
  /** The body as it is; undefined for a form, and for what cannot be read. */
  readonly json: JsonObject | undefined;
  /** The same, with the fields of a form as the members of JSON that they stand for. */
  readonly members: JsonObject | undefined;
  /** How long it is, in characters or bytes; undefined where nobody has seen it pass. */
  readonly length: number | undefined;
}

export function readRequestBody({ body, form, bodyLength }: BodySource): RequestBody {
  const read = isTooLong(body) ? undefined : body;
  const fields = form ?? (read === undefined ? undefined : formFieldsOf(read));
  const length = body?.length ?? bodyLength;
  if (fields !== undefined) return { json: undefined, members: requestOfForm(fields), length };
  const json = read === undefined ? undefined : parsed(read);
  return { json, members: json, length };
}

/** Too long to be read, or not kept. */
export const isTooLong = (body: string | undefined): boolean =>
  body === undefined || body.length > REQUEST_CHARACTERS_MAX;

function parsed(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
