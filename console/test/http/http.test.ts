import { describe, expect, test } from "vitest";
import { isAllowedHost } from "#lib/server/http/allowed-host.ts";
import { hasBearerToken } from "#lib/server/http/bearer.ts";
import { eventStream } from "#lib/server/http/event-stream.ts";

describe("on a loopback address", () => {
  const policy = { bindAddress: "127.0.0.1", origin: "https://lens.example.com" };

  test.each([
    "localhost",
    "localhost:3000",
    "127.0.0.1:3000",
    "[::1]:3000",
    "LOCALHOST",
    "lens.example.com",
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

test("leaves names to the operator on any other address", () => {
  expect(isAllowedHost("anything", { bindAddress: "0.0.0.0", origin: undefined })).toBe(true);
  expect(isAllowedHost("anything", { bindAddress: undefined, origin: undefined })).toBe(true);
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

  test("ends when the server does", async () => {
    const stream = openStream();
    await stream.reader.read();
    stream.ending.abort();
    expect((await stream.reader.read()).done).toBe(true);
    expect(stream.emit).toBeUndefined();
  });
});
