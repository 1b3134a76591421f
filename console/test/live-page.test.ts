import { afterEach, expect, test, vi } from "vitest";
import { LivePage } from "#lib/live-page.svelte.ts";

/** What a browser has, as far as the page uses it. */
class Source extends EventTarget {
  static newest: Source | undefined;

  constructor() {
    super();
    Source.newest = this;
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

test("one that must miss nothing loads when its stream begins", async () => {
  expect(await loadsAfter(["open"], true)).toBe(1);
});
