import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import { monotonicMs } from "./messages.ts";

/** Reads a stream of server-sent events beside those that are measured, to see when something passes there. */
export interface Observer {
  /** When the next event with data comes. */
  next(): Promise<number>;
  close(): void;
}

export async function observe(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Observer> {
  const closing = new AbortController();
  const response = await fetch(url, {
    headers: { ...headers, accept: "text/event-stream" },
    signal: closing.signal,
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const waiting = new Set<(atMs: number) => void>();
  const listen = async (): Promise<void> => {
    const parser = new SseParser(1e8);
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const atMs = monotonicMs();
      const events = parser.push(decoder.decode(chunk, { stream: true }));
      if (!events.some(({ data = "" }) => data !== "")) continue;
      for (const resolve of waiting) resolve(atMs);
      waiting.clear();
    }
  };
  listen().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    next: () => new Promise((resolve) => waiting.add(resolve)),
    close: () => closing.abort(),
  };
}
