import { expect, test } from "vitest";
import { Gate } from "../../src/receiver/gate.ts";

/** Work that ends when it is told to. */
function worker(gate: Gate): {
  begin: (name: string) => Promise<string>;
  end: (name: string, error?: Error) => void;
  running: Set<string>;
} {
  const running = new Set<string>();
  const ends = new Map<string, (error: Error | undefined) => void>();
  const begin = (name: string): Promise<string> =>
    gate.run(async () => {
      running.add(name);
      const error = await new Promise<Error | undefined>((resolve) => {
        ends.set(name, resolve);
      });
      running.delete(name);
      if (error !== undefined) throw error;
      return name;
    });
  return { begin, running, end: (name, error) => ends.get(name)?.(error) };
}

test("lets in as many as it has places, then one for each that leaves, in order", async () => {
  const { begin, end, running } = worker(new Gate(2));
  const all = ["a", "b", "c", "d"].map(begin);
  expect([...running]).toEqual(["a", "b"]);
  end("b");
  expect(await all[1]).toBe("b");
  await expect.poll(() => [...running]).toEqual(["a", "c"]);
  end("a");
  await expect.poll(() => [...running]).toEqual(["c", "d"]);
  end("c");
  end("d");
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
});

test("one that fails leaves its place to the next", async () => {
  const { begin, end, running } = worker(new Gate(1));
  const failing = begin("a");
  const next = begin("b");
  end("a", new Error("no"));
  await expect(failing).rejects.toThrow("no");
  await expect.poll(() => [...running]).toEqual(["b"]);
  end("b");
  expect(await next).toBe("b");
  const later = begin("c");
  expect([...running]).toEqual(["c"]);
  end("c");
  await later;
});
