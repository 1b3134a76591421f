/** What a browser does without scripts: it keeps cookies, names its page's origin, and does not follow redirects here. */
export interface Browser {
  readonly cookies: ReadonlyMap<string, string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Submits a form. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  setCookie(name: string, value: string): void;
}

export function openBrowser(url: string): Browser {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    const pairs = [...cookies].map(([name, value]) => `${name}=${value}`);
    if (pairs.length > 0) headers.set("cookie", pairs.join("; "));
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: "manual" });
    for (const header of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (/max-age=0/i.test(header)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    setCookie: (name, value) => void cookies.set(name, value),
    get: (path, headers = {}) => ask(path, { headers: { accept: "text/html", ...headers } }),
    post: (path, fields, headers = {}) =>
      ask(path, {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { accept: "text/html", origin: new URL(url).origin, ...headers },
      }),
  };
}
