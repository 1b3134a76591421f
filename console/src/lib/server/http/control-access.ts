import type { ConsoleSettings } from "../settings.ts";
import { hasBearerToken } from "./bearer.ts";
import { problemResponse } from "./problem.ts";

/** A 401 for requests to /internal/* that do not carry the control token; undefined for those that do. */
export function refuseWithoutControlToken(
  request: Request,
  settings: Pick<ConsoleSettings, "controlToken">,
): Response | undefined {
  if (hasBearerToken(request.headers.get("authorization"), settings.controlToken)) return undefined;
  const detail =
    settings.controlToken === undefined
      ? "this console has no control token: set LENSAI_CONTROL_TOKEN to the same value here and at the caller"
      : "send the control token of this console as: Authorization: Bearer <LENSAI_CONTROL_TOKEN>";
  const response = problemResponse({ status: 401, code: "auth.key_invalid", detail });
  response.headers.set("www-authenticate", "Bearer");
  return response;
}
