import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTROL_SNAPSHOT_FILE } from "@lensai/otel-config/control/snapshot";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { seal, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import { describe, expect, it } from "vitest";
import { useCli } from "./cli.ts";

const cli = useCli();

/** Prices by name from the JSON that `prices show` prints. */
async function shown(...words: string[]): Promise<unknown> {
  const text = await cli.run("prices", "show", ...words, "--json");
  return (JSON.parse(text) as { prices: unknown }).prices;
}
const set = (...words: string[]): Promise<string> =>
  cli.run("prices", "set", ...words, "--source", "https://example.com/contract");
const entriesOfFile = async (): Promise<unknown[]> => {
  const text = await readFile(join(cli.folder, "data", "prices.json"), "utf8");
  return (JSON.parse(text) as { entries: unknown[] }).entries;
};

describe("lensai", () => {
  it("lists its commands, and the usage of each", async () => {
    expect(await cli.run()).toContain("lensai prices set");
    expect(await cli.run("prices", "show", "--help")).toContain("<provider> <model>");
  });

  it("says when it has no such command", async () => {
    await expect(cli.run("prices", "guess")).rejects.toThrow('"prices guess" is no command');
  });
});

describe("prices show", () => {
  it("prints the prices, who says so, and how long they hold", async () => {
    const text = await cli.run("prices", "show", "openai", "o3", "--at", "2026-01-01");
    expect(text).toMatch(/input_mtok +2\n/);
    expect(text).toContain("genai-prices@");
    expect(text).toContain("holds from 2025-06-10T00:00:00.000Z");
  });

  it("says what is missing when there is no price", async () => {
    expect(await cli.run("prices", "show", "openai", "no-such-model")).toBe(
      "openai no-such-model: unknown; the book does not know the model\n",
    );
    expect(await cli.run("prices", "show", "nobody", "gpt-5")).toContain("the provider");
    const tier = await cli.run("prices", "show", "openai", "gpt-5", "--service-tier", "scale");
    expect(tier).toContain("this service tier");
  });

  it("asks for what it needs", async () => {
    await expect(cli.run("prices", "show", "openai")).rejects.toThrow("<model> is missing");
    await expect(cli.run("prices", "show", "a", "b", "c")).rejects.toThrow('"c" is one word');
    await expect(cli.run("prices", "show", "a", "b", "--at", "today")).rejects.toThrow(
      '--at: "today" is not a time',
    );
  });
});

describe("prices set", () => {
  it("overrides a price from then on, for everybody or for one project", async () => {
    const text = await set("openai", "gpt-5", "--input", "1", "--from", "2026-12-01");
    expect(text).toContain("recorded 2026-11-20T08:00:00.000Z by ann");
    expect(await shown("openai", "gpt-5")).toMatchObject({ input_mtok: 1.25 });
    expect(await shown("openai", "gpt-5", "--at", "2026-12-01")).toMatchObject({
      input_mtok: "1",
      output_mtok: 10,
    });
    await set("openai", "gpt-5", "--multiplier", "0.5", "--project", "p1");
    expect(await shown("openai", "gpt-5", "--project", "p1")).toMatchObject({ output_mtok: "5" });
    expect(await shown("openai", "gpt-5", "--project", "p2")).toMatchObject({ output_mtok: 10 });
  });

  it("can say it of a family, of a tier, and take it back", async () => {
    await set("openai", "gpt-5", "--prefix", "--service-tier", "scale", "--output", "7");
    const scale = ["openai", "gpt-5-mini", "--service-tier", "scale"];
    expect(await shown(...scale)).toMatchObject({ output_mtok: "7" });
    cli.setNow(new Date("2026-11-21T00:00:00Z"));
    await set("openai", "gpt-5", "--prefix", "--service-tier", "scale", "--withdraw");
    expect(await shown(...scale)).toBeNull();
    expect(await shown(...scale, "--recorded-until", "2026-11-20T12:00:00Z")).toMatchObject({
      output_mtok: "7",
    });
  });

  it("takes a price only with its source", async () => {
    await expect(cli.run("prices", "set", "openai", "gpt-5", "--input", "1")).rejects.toThrow(
      /^source: is missing$/,
    );
  });

  it("names every problem, and writes nothing then", async () => {
    await expect(set("openai", "gpt-5", "--input", "cheap", "--output=-1")).rejects.toThrow(
      /input_mtok: "cheap".*output_mtok: "-1"/,
    );
    await expect(set("openai", "gpt-5")).rejects.toThrow('needs exactly one of "prices"');
    await expect(entriesOfFile()).rejects.toThrow("ENOENT");
  });
});

/** As the collector of the data folder keeps it. */
async function writeSnapshot(prices: unknown): Promise<void> {
  const issuedAt = "2026-11-19T00:00:00.000Z";
  const snapshot = { formatVersion: 1, version: 7, issuedAt, projects: [], keys: [], prices };
  const key = keyPairOf(new Uint8Array(32).fill(7));
  const text = seal(SNAPSHOT_PAYLOAD_TYPE, JSON.stringify(snapshot), key);
  await mkdir(join(cli.folder, "data"), { recursive: true });
  await writeFile(join(cli.folder, "data", CONTROL_SNAPSHOT_FILE), text);
}

describe("prices that were set in the console", () => {
  const entry = { project: "p1", provider: "vllm", model: "own", prices: { input_mtok: 2 } };
  const recorded = { recordedAt: "2026-11-18", recordedBy: "user:bob", source: "the console" };

  it("are known where a collector was told of them, together with those of the file", async () => {
    await set("vllm", "own", "--output", "3", "--input", "1");
    await writeSnapshot({ formatVersion: 1, entries: [{ ...entry, ...recorded }] });
    expect(await shown("vllm", "own", "--project", "p1")).toEqual({ input_mtok: 2 });
    expect(await shown("vllm", "own", "--project", "p2")).toEqual({
      input_mtok: "1",
      output_mtok: "3",
    });
  });

  it("are none where the console says nothing of prices", async () => {
    await writeSnapshot(undefined);
    expect(await shown("openai", "gpt-5")).toMatchObject({ input_mtok: 1.25 });
  });

  it("that cannot be read are not left out in silence", async () => {
    await writeSnapshot({ formatVersion: 1, entries: [{ ...entry }] });
    await expect(shown("vllm", "own")).rejects.toThrow("control-snapshot.json, cannot be read: pr");
  });
});

const LIST = {
  sample_spec: { litellm_provider: "one of many", input_cost_per_token: 0 },
  last_updated: "2026-07-24",
  "gpt-5": {
    litellm_provider: "openai",
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1.1e-5,
    output_cost_per_token_flex: 5e-6,
    input_cost_per_token_flex: 6.25e-7,
  },
  "azure/own-model": {
    litellm_provider: "azure",
    input_cost_per_token: 1e-6,
    input_cost_per_token_above_200k_tokens: 2e-6,
    output_cost_per_token: 3e-6,
    search_context_cost_per_query: { search_context_size_medium: 0.01 },
  },
  "dall-e": { litellm_provider: "openai", output_cost_per_image: 0.04 },
};

async function writeList(): Promise<void> {
  await writeFile(join(cli.folder, "list.json"), JSON.stringify(LIST));
}

describe("prices diff", () => {
  it("lists where another list says something else, with the ratio", async () => {
    await writeList();
    const found: unknown = JSON.parse(
      await cli.run("prices", "diff", "list.json", "--both-named", "--json"),
    );
    expect(found).toEqual([
      {
        provider: "openai",
        model: "gpt-5",
        serviceTier: "standard",
        price: "output_mtok",
        ours: "10",
        theirs: "11",
        ratio: 1.1,
        isNamedByUs: true,
        isNamedByThem: true,
      },
    ]);
    const text = await cli.run("prices", "diff", "list.json");
    expect(text).toMatch(/gpt-5 +standard +cache_read_mtok +0\.125 +1\.25\* +10\.000\n/);
    expect(text).toContain("2 of 3 prices are of models that the book knows, 1 are not");
  });

  it("says when the file is not a list", async () => {
    await writeFile(join(cli.folder, "list.json"), "[");
    await expect(cli.run("prices", "diff", "list.json")).rejects.toThrow("is not JSON");
    await writeFile(join(cli.folder, "list.json"), "[]");
    await expect(cli.run("prices", "diff", "list.json")).rejects.toThrow("not an object of models");
    await expect(cli.run("prices", "diff", "none.json")).rejects.toThrow(/none.json.*ENOENT/);
  });
});

const importList = (...words: string[]): Promise<string> =>
  cli.run("prices", "import", "list.json", "--source", "https://example.com/list", ...words);

describe("prices import", () => {
  it("adds what the book does not know or knows otherwise, once", async () => {
    await writeList();
    expect(await importList()).toContain("3 entries added");
    expect(await shown("azure", "own-model")).toEqual({
      input_mtok: { base: "1", tiers: [{ start: 200_000, price: "2" }] },
      output_mtok: "3",
      web_searches_kcount: "10",
    });
    expect(await shown("openai", "gpt-5")).toMatchObject({ output_mtok: "11" });
    expect(await importList()).toContain("0 entries would be added");
  });

  it("can leave alone what the book knows", async () => {
    await writeList();
    await importList("--only-unknown");
    expect(await shown("openai", "gpt-5")).toMatchObject({ output_mtok: 10 });
    expect(await shown("azure", "own-model")).toMatchObject({ output_mtok: "3" });
  });

  it("can take one provider only, and can only say what it would do", async () => {
    await writeList();
    expect(await importList("--provider", "azure", "--dry-run")).toContain("1 entries would be");
    await expect(entriesOfFile()).rejects.toThrow("ENOENT");
  });

  it("takes a document of ours as it is, once", async () => {
    await set("openai", "gpt-5", "--input", "1");
    const [entry] = await entriesOfFile();
    const other = { ...(entry as object), model: "gpt-4o", recordedBy: "bob" };
    await writeFile(
      join(cli.folder, "list.json"),
      JSON.stringify({ formatVersion: 1, entries: [entry, other] }),
    );
    expect(await cli.run("prices", "import", "list.json")).toContain("1 entries added");
    expect(await entriesOfFile()).toEqual([entry, other]);
  });

  it("needs to know where a list comes from", async () => {
    await writeList();
    await expect(cli.run("prices", "import", "list.json")).rejects.toThrow("--source is missing");
  });
});
