import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { LoopTurns } from "../../src/receiver/loop-turns.ts";

/** Work that takes so many milliseconds of a clock that only work moves. */
function bench(): {
  turns: LoopTurns;
  begin: (name: string, ms: number) => Promise<string>;
  begun: string[];
} {
  let nowMs = 0;
  const turns = new LoopTurns(() => nowMs);
  const begun: string[] = [];
  const begin = (name: string, ms: number): Promise<string> =>
    turns.run(async () => {
      begun.push(name);
      nowMs += ms;
      await nextTurn();
      return name;
    });
  return { turns, begin, begun };
}

test("work begins at once while the turn has time", async () => {
  const { begin, begun } = bench();
  const all = [begin("a", 2), begin("b", 2), begin("c", 2)];
  expect(begun).toEqual(["a", "b", "c"]);
  expect(await Promise.all(all)).toEqual(["a", "b", "c"]);
});

test("one that finds the turn used up waits for the next, and so does all that comes after it", async () => {
  const { begin, begun } = bench();
  const all = [begin("a", 5), begin("b", 1), begin("c", 9), begin("d", 1)];
  expect(begun).toEqual(["a"]);
  await nextTurn();
  expect(begun).toEqual(["a", "b", "c"]);
  all.push(begin("e", 1));
  expect(begun).toEqual(["a", "b", "c"]);
  await nextTurn();
  expect(begun).toEqual(["a", "b", "c", "d", "e"]);
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d", "e"]);
});

test("input and output have their chance between two turns", async () => {
  const { begin } = bench();
  const order: string[] = [];
  const note = async (name: string): Promise<void> => void order.push(await begin(name, 9));
  const work = [note("first"), note("second"), note("third")];
  setTimeout(() => order.push("timer"), 0);
  await Promise.all(work);
  expect(order.indexOf("timer")).toBeLessThan(order.indexOf("third"));
});

test("an error reaches the one who asked, at once or later, and the queue goes on", async () => {
  const { turns, begin } = bench();
  const fail = (): Promise<never> => turns.run(() => Promise.reject(new Error("no")));
  await expect(fail()).rejects.toThrow("no");
  const slow = begin("a", 9);
  const failing = fail();
  const last = begin("b", 1);
  await expect(failing).rejects.toThrow("no");
  expect(await Promise.all([slow, last])).toEqual(["a", "b"]);
});

test("what is thrown before there is a promise reaches the one who asked as well, at once or later", async () => {
  const { turns, begin } = bench();
  const fail = (): Promise<never> =>
    turns.run(() => {
      throw new Error("at once");
    });
  await expect(fail()).rejects.toThrow("at once");
  const slow = begin("a", 9);
  const failing = fail();
  const last = begin("b", 1);
  await expect(failing).rejects.toThrow("at once");
  expect(await Promise.all([slow, last])).toEqual(["a", "b"]);
});

test("work waits in order of arrival while there is no room, and asks no more often than now and then", async () => {
  let isRoom = false;
  let asked = 0;
  const turns = new LoopTurns(
    () => 0,
    () => {
      asked += 1;
      return isRoom;
    },
  );
  const begun: string[] = [];
  const begin = (name: string): Promise<void> => turns.run(async () => void begun.push(name));
  const work = ["a", "b", "c"].map(begin);
  const immediates = 200;
  for (let i = 0; i < immediates; i += 1) await nextTurn();
  expect(begun).toEqual([]);
  expect(asked).toBeLessThan(immediates);
  isRoom = true;
  work.push(begin("d"));
  await Promise.all(work);
  expect(begun).toEqual(["a", "b", "c", "d"]);
});

test("one that takes the last room leaves none to those behind it", async () => {
  let room = 1;
  const turns = new LoopTurns(
    () => 0,
    () => room > 0,
  );
  const begun: string[] = [];
  const begin = (name: string): Promise<void> =>
    turns.run(async () => {
      room -= 1;
      begun.push(name);
    });
  const [first, second, third] = [begin("a"), begin("b"), begin("c")];
  await first;
  expect(begun).toEqual(["a"]);
  room = 1;
  await second;
  expect(begun).toEqual(["a", "b"]);
  room = 1;
  await third;
});
