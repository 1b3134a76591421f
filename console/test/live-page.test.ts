import { afterEach, expect, test, vi } from "vitest";
import { LivePage } from "#lib/live-page.svelte.ts";

/** What a browser has, as far as the page uses it. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static newest: Source | undefined;
  static opened = 0;
  readyState = 1;

  constructor() {
    super();
    Source.newest = this;
    Source.opened += 1;
  }

  close(): void {
    Source.newest = undefined;
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const tell = (name: string): unknown => Source.newest?.dispatchEvent(new Event(name));

/** How often the page has loaded after each of these events of its stream. */
async function loadsAfter(names: readonly string[], refreshesFirst: boolean): Promise<number> {
  vi.stubGlobal("EventSource", Source);
  vi.useFakeTimers();
  let loads = 0;
  const reload = async (): Promise<void> => void (loads += 1);
  const page = new LivePage({ url: "/live", reload, intervalMs: 0, refreshesFirst });
  for (const name of names) {
    tell(name);
    await vi.advanceTimersByTimeAsync(1);
  }
  page.close();
  return loads;
}

test("a page loads again when something is told, and when its stream is back", async () => {
  expect(await loadsAfter(["open"], false)).toBe(0);
  expect(await loadsAfter(["open", "landed"], false)).toBe(1);
  expect(await loadsAfter(["open", "error", "open"], false)).toBe(1);
});

test("a stream that was refused is asked for again, until the page is left", async () => {
  vi.stubGlobal("EventSource", Source);
  vi.useFakeTimers();
  let loads = 0;
  const reload = async (): Promise<void> => void (loads += 1);
  const before = Source.opened;
  const page = new LivePage({ url: "/live", reload, intervalMs: 0 });
  const refuse = (): void => {
    if (Source.newest !== undefined) Source.newest.readyState = Source.CLOSED;
    tell("error");
  };
  // The browser itself asks again where it was not refused.
  tell("error");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.opened - before).toBe(1);
  for (const opened of [2, 3]) {
    refuse();
    await vi.advanceTimersByTimeAsync(5000);
    expect(Source.opened - before).toBe(opened);
  }
  tell("open");
  await vi.advanceTimersByTimeAsync(1);
  expect([page.connection, loads]).toEqual(["live", 1]);
  refuse();
  page.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.opened - before).toBe(3);
});

test("one that must miss nothing loads when its stream begins", async () => {
  expect(await loadsAfter(["open"], true)).toBe(1);
});
