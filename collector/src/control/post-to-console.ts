/** Who is told what only a collector knows. */
export interface ToldConsole {
  /** Base URL of the console; undefined: nobody to tell. */
  readonly url: string | undefined;
  readonly token: string | undefined;
}

const ANSWER_TIMEOUT_MS = 5_000;

/** Resolves when the console has taken it. Rejects when it is away, slow, or answers anything but a success. */
export async function postToConsole(
  { url, token }: ToldConsole,
  path: `internal/${string}`,
  { body, signal }: { readonly body: unknown; readonly signal?: AbortSignal },
): Promise<void> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const response = await fetch(new URL(path, `${url}/`), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    redirect: "error",
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the console answered ${response.status}`);
}
