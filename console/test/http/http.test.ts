import { LensError } from "@lensai/otel-config/errors";
import { describe, expect, test, vi } from "vitest";
import { isAllowedHost } from "#lib/server/http/allowed-host.ts";
import { isCrossSite } from "#lib/server/http/cross-site.ts";
import { hasBearerToken } from "#lib/server/http/bearer.ts";
import { eventStream } from "#lib/server/http/event-stream.ts";
import { failPage } from "#lib/server/http/fail-page.ts";

describe("on a loopback address", () => {
  const policy = {
    bindAddress: "127.0.0.1",
    origin: "https://lens.example.com",
    allowedHosts: ["lens.internal"],
  };

  test.each([
    "localhost",
    "localhost:3000",
    "127.0.0.1:3000",
    "[::1]:3000",
    "LOCALHOST",
    "lens.example.com",
    "lens.internal:3000",
  ])("answers for host %s", (host) => {
    expect(isAllowedHost(host, policy)).toBe(true);
  });

  test.each([
    null,
    "",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:3000",
    "192.168.0.1",
  ])("does not answer for host %s", (host) => {
    expect(isAllowedHost(host, policy)).toBe(false);
  });
});

test.each(["0.0.0.0", undefined])(
  "on address %s answers for every name until the operator lists some",
  (bindAddress) => {
    const policy = { bindAddress, origin: "http://localhost:3000", allowedHosts: [] };
    expect(isAllowedHost("anything", policy)).toBe(true);
    const listed = { ...policy, allowedHosts: ["console"] };
    for (const host of ["console:3000", "localhost:3000", "127.0.0.1:3000"]) {
      expect(isAllowedHost(host, listed)).toBe(true);
    }
    expect(isAllowedHost("evil.example:3000", listed)).toBe(false);
    expect(isAllowedHost(null, listed)).toBe(false);
  },
);

const post = (origin: string | undefined, host = "127.0.0.1:3000", method = "POST"): Request =>
  new Request("https://ignored.example/", {
    method,
    headers: { host, ...(origin !== undefined && { origin }) },
  });

describe("a change that a page of another site asks for", () => {
  test.each([
    post("http://127.0.0.1:3000"),
    post("http://localhost:3000", "LOCALHOST:3000"),
    post("https://lens.example.com"),
    post(undefined),
    post("https://evil.example", "127.0.0.1:3000", "GET"),
  ])("is not %o", (request) => {
    expect(isCrossSite(request, "https://lens.example.com/console")).toBe(false);
  });

  test.each([
    post("https://evil.example"),
    post("http://127.0.0.1:3001"),
    post("http://127.0.0.1"),
    post("null"),
    post("http://127.0.0.1:3000.evil.example"),
    post("https://evil.example", "127.0.0.1:3000", "DELETE"),
  ])("is %o", (request) => {
    expect(isCrossSite(request, "https://lens.example.com")).toBe(true);
  });
});

function outcomeOf(failure: unknown): unknown {
  try {
    return failPage(failure, "r1");
  } catch (thrown) {
    return thrown;
  }
}

describe("a page that could not be answered", () => {
  test.each([
    ["query.invalid", 400],
    ["query.timeout", 503],
    ["lake.store_refused", 503],
    ["lake.file_corrupt", 500],
  ] as const)("says what %s says, with status %d", (code, status) => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(outcomeOf(new LensError(code, "what to do"))).toMatchObject({
      status,
      body: { message: "what to do" },
    });
    expect(stderr).toHaveBeenCalledTimes(status === 400 ? 0 : 1);
    stderr.mockRestore();
  });

  test("keeps everything else for the log", () => {
    for (const failure of [new LensError("internal", "secret"), new Error("secret")]) {
      expect(outcomeOf(failure)).toBe(failure);
    }
  });
});

test("lets in only the bearer of the whole token", () => {
  expect(hasBearerToken("Bearer secret-token", "secret-token")).toBe(true);
  expect(hasBearerToken("bearer secret-token", "secret-token")).toBe(true);
  expect(hasBearerToken("Bearer secret-toke", "secret-token")).toBe(false);
  expect(hasBearerToken("Bearer secret-token2", "secret-token")).toBe(false);
  expect(hasBearerToken("Basic secret-token", "secret-token")).toBe(false);
  expect(hasBearerToken(null, "secret-token")).toBe(false);
});

test("lets nobody in when there is no token", () => {
  expect(hasBearerToken("Bearer undefined", undefined)).toBe(false);
  expect(hasBearerToken("Bearer ", undefined)).toBe(false);
});

interface OpenStream {
  readonly reader: ReadableStreamDefaultReader<string>;
  readonly ending: AbortController;
  /** The subscriber, while there is one. */
  emit: (() => void) | undefined;
}

function openStream(): OpenStream {
  const ending = new AbortController();
  const stream: { emit: (() => void) | undefined } = { emit: undefined };
  const response = eventStream({
    event: "landed",
    ending: ending.signal,
    subscribe: (notify) => {
      stream.emit = notify;
      return () => (stream.emit = undefined);
    },
  });
  const body = response.body as ReadableStream<Uint8Array<ArrayBuffer>>;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  return Object.assign(stream, { reader, ending });
}

describe("an event stream", () => {
  test("tells of every event and unsubscribes when the reader leaves", async () => {
    const stream = openStream();
    expect((await stream.reader.read()).value).toBe("retry: 2000\n\n");
    stream.emit?.();
    expect((await stream.reader.read()).value).toBe("event: landed\ndata:\n\n");
    await stream.reader.cancel();
    expect(stream.emit).toBeUndefined();
  });

  test("ends when its reader has stopped reading", async () => {
    const stream = openStream();
    await stream.reader.read();
    for (let event = 0; event < 100; event += 1) stream.emit?.();
    expect(stream.emit).toBeUndefined();
    const rest: string[] = [];
    for (;;) {
      const { done, value } = await stream.reader.read();
      if (done) break;
      rest.push(value);
    }
    expect(rest.length).toBeGreaterThan(10);
    expect(rest.length).toBeLessThan(50);
  });

  test("ends when the server does", async () => {
    const stream = openStream();
    await stream.reader.read();
    stream.ending.abort();
    expect((await stream.reader.read()).done).toBe(true);
    expect(stream.emit).toBeUndefined();
  });
});
