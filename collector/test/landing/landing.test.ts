import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ingestIds } from "./ingest-ids.ts";
import { countSpanIds } from "./lake-rows.ts";
import { ids, ingestWhenReady, once, startLanding } from "./start-landing.ts";
import { testFolder, until } from "./test-folder.ts";

describe("landing", () => {
  test("what was acknowledged is in the lake after the interval, without being asked", async () => {
    const folder = await testFolder();
    const landing = await startLanding(folder);
    await ingestIds(landing, ids(1, 3));
    await until(() => landing.state().landedRows === 3);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(1, 3)));
  });

  test("rolls over by rows without losing or repeating any, and never splits a request", async () => {
    const folder = await testFolder();
    const landing = await startLanding(folder, { landingIntervalMs: 60_000 });
    for (let request = 0; request < 20; request += 1) {
      await ingestWhenReady(landing, ids(request * 30, 30));
    }
    expect(await landing.close(20_000)).toBe(true);
    const counts = await countSpanIds(join(folder, "lake"));
    expect(counts).toEqual(once(ids(0, 600)));
  });

  test("a request with more rows than a segment's worth lands, also out of the log; above the limit it is refused", async () => {
    const folder = await testFolder();
    const first = await startLanding(folder, { landingIntervalMs: 60_000 });
    await ingestWhenReady(first, ids(0, 30));
    await ingestWhenReady(first, ids(1000, 200));
    await ingestWhenReady(first, ids(2000, 101));
    await expect(ingestIds(first, ids(3000, 201))).rejects.toMatchObject({
      code: "ingest.body_too_large",
    });
    await first.close(0); // some of it is still in the log
    const second = await startLanding(folder);
    expect(await second.close(20_000)).toBe(true);
    const counts = await countSpanIds(join(folder, "lake"));
    expect(counts).toEqual(once([...ids(0, 30), ...ids(1000, 200), ...ids(2000, 101)]));
  });

  test("a request sent again lands once, also after a restart, landed or not", async () => {
    const folder = await testFolder();
    const first = await startLanding(folder, { landingIntervalMs: 60_000 });
    expect(await ingestIds(first, ids(1, 2))).toBe("accepted");
    expect(await ingestIds(first, ids(1, 2))).toBe("duplicate");
    await first.close(0); // still in the log
    const second = await startLanding(folder);
    expect(await ingestIds(second, ids(1, 2))).toBe("duplicate");
    await until(() => second.state().waitingSegments === 0);
    await second.close(5000);
    const third = await startLanding(folder); // in the lake, known from the journal only
    expect(await ingestIds(third, ids(1, 2))).toBe("duplicate");
    expect(await ingestIds(third, ids(2, 2))).toBe("accepted"); // one of two spans is known
    expect(await third.close(5000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(1, 3)));
  });

  test("refuses a second collector on the same folder and names the process", async () => {
    const folder = await testFolder();
    await startLanding(folder);
    await expect(startLanding(folder)).rejects.toMatchObject({
      code: "config.invalid",
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
  });

  test("leaves only files that are used again when it has stopped", async () => {
    const folder = await testFolder();
    const landing = await startLanding(folder);
    await ingestIds(landing, ids(1, 3));
    await landing.close(5000);
    const names = await readdir(join(folder, "data", "wal"));
    expect(names.filter((name) => name.endsWith(".wal"))).toEqual([]);
    expect(names.filter((name) => name.startsWith("lock"))).toEqual([]);
  });

  test("works in a folder with spaces and beside older files", async () => {
    const folder = join(await testFolder(), "a folder");
    await mkdir(join(folder, "data", "wal", "seen"), { recursive: true });
    const landing = await startLanding(folder);
    await ingestIds(landing, ids(1, 1));
    expect(await landing.close(5000)).toBe(true);
  });
});
