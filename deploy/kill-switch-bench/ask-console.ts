/** The console's side for programs. */
export interface ConsoleApi {
  readonly url: string;
  /** LENSAI_CONTROL_TOKEN */
  readonly token: string;
}

/** Asks `/internal/<path>`; answers the JSON, undefined where there is none. Rejects with what it answers instead. */
export async function askConsole(
  { url, token }: ConsoleApi,
  method: string,
  { path, body }: { readonly path: string; readonly body: object },
): Promise<unknown> {
  const response = await fetch(`${url}/internal/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}
