import { describe, expect, it } from "vitest";
import { readProviderFile } from "../../src/reconcile/read-provider-file.ts";
import {
  anthropicCost,
  anthropicPage,
  anthropicRows,
  anthropicUsage,
  openAiCost,
  openAiPage,
  openAiUsage,
} from "./provider-files.ts";

const DAY = "2026-11-01";
const records = (text: string) => readProviderFile("f", text).flatMap((page) => page.records);
const reading = (text: string) => () => readProviderFile("f.json", text);

describe("OpenAI's organization API", () => {
  it("reads costs exactly, whether a number or a long text, and the model out of the line item", () => {
    const results = [
      openAiCost(
        "gpt-4o-mini-2024-07-18, cached input",
        "0.000004500000000000000000000000000000000",
      ),
      openAiCost("evals | gpt-4o-2024-08-06, output", 0.06),
      openAiCost("gpt-image-2-2026-04-21 text, input", 1.29e-5),
      openAiCost("gpt-4o", -1),
      openAiCost("web search tool calls", 2),
      openAiCost("assistants api | file search", 3),
    ];
    expect(
      records(openAiPage(DAY, [results])).map(({ model, item, told }) => [model, item, told]),
    ).toEqual([
      ["gpt-4o-mini-2024-07-18", undefined, { costNanoUsd: 4500n }],
      ["gpt-4o-2024-08-06", undefined, { costNanoUsd: 60_000_000n }],
      ["gpt-image-2-2026-04-21", undefined, { costNanoUsd: 12_900n }],
      ["gpt-4o", undefined, { costNanoUsd: -1_000_000_000n }],
      [undefined, "web search tool calls", { costNanoUsd: 2_000_000_000n }],
      [undefined, "assistants api | file search", { costNanoUsd: 3_000_000_000n }],
    ]);
  });

  it("reads usage of completions and embeddings; a count that is not told is unknown", () => {
    const embeddings = {
      object: "organization.usage.embeddings.result",
      input_tokens: 7,
      num_model_requests: 2,
      model: "text-embedding-3-small",
    };
    const partial = openAiUsage("gpt-5", { input_cached_tokens: undefined });
    expect(records(openAiPage(DAY, [[], [openAiUsage("gpt-5"), partial]]))).toEqual([
      {
        day: "2026-11-02",
        provider: "openai",
        model: "gpt-5",
        item: undefined,
        told: { requests: 1n, inputTokens: 1000n, cacheReadTokens: 0n, outputTokens: 100n },
      },
      expect.objectContaining({ told: expect.objectContaining({ cacheReadTokens: undefined }) }),
    ]);
    expect(records(openAiPage(DAY, [[embeddings]]))).toMatchObject([
      { model: "text-embedding-3-small", told: { requests: 2n, inputTokens: 7n } },
    ]);
  });

  it("knows the days that it speaks of, also where nothing was used, and whether there is more", () => {
    const [page] = readProviderFile("f", openAiPage(DAY, [[], []], { hasMore: true }));
    expect(page).toMatchObject({ subject: "openai", hasMore: true, records: [] });
    expect([...(page?.days.get("openai") ?? [])]).toEqual(["2026-11-01", "2026-11-02"]);
  });

  it("takes several pages as a list", () => {
    const text = `[${openAiPage(DAY, [[openAiUsage("a")]])}, ${openAiPage("2026-11-02", [[openAiUsage("b")]])}]`;
    expect(records(text).map(({ day, model }) => [day, model])).toEqual([
      ["2026-11-01", "a"],
      ["2026-11-02", "b"],
    ]);
  });

  it.each([
    [
      openAiCost("gpt-5, input", 1, "eur"),
      "f.json, 2026-11-01: the currency is eur: only USD can be compared",
    ],
    [openAiCost("gpt-5, input", "many"), `"amount.value" is "many": give dollars`],
    [openAiCost(null, 1), "ask the provider with group_by=line_item"],
    [openAiUsage(null), "ask the provider with group_by=model"],
    [
      openAiUsage("gpt-5", { input_tokens: 1.5 }),
      `"input_tokens" is 1.5: give a whole number from 0`,
    ],
    [
      { object: "organization.usage.images.result" },
      `f.json: "organization.usage.images.result" is no report that can be read; known are OpenAI's`,
    ],
  ])("refuses %j", (result, message) => {
    expect(reading(openAiPage(DAY, [[result]]))).toThrow(message);
  });
});

describe("Anthropic's reports", () => {
  it("adds cached tokens to the input, as a span row does", () => {
    expect(records(anthropicPage(DAY, [[anthropicUsage("claude-sonnet-4-20250514")]]))).toEqual([
      {
        day: DAY,
        provider: "anthropic",
        model: "claude-sonnet-4-20250514",
        item: undefined,
        told: {
          inputTokens: 3200n,
          cacheReadTokens: 200n,
          cacheWriteTokens: 1500n,
          outputTokens: 500n,
        },
      },
    ]);
  });

  it("reads the requests where the report counts them", () => {
    const result = { ...anthropicUsage("claude-opus-5"), requests: 3 };
    expect(records(anthropicPage(DAY, [[result]]))).toMatchObject([{ told: { requests: 3n } }]);
  });

  it("reads rows that have their own times", () => {
    const group = { model: "claude-opus-5", workspace_id: null };
    const usage = {
      uncached_input_tokens: 1500,
      cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 500 },
      cache_read_input_tokens: 200,
      output_tokens: 500,
      requests: 4,
    };
    const cost = { amount: "12.5", list_amount: "25", currency: "USD", requests: 4 };
    expect(records(anthropicRows(DAY, [{ group, usage }]))).toMatchObject([
      { day: DAY, model: "claude-opus-5", told: { requests: 4n, inputTokens: 3200n } },
    ]);
    const search = { group: { model: null, cost_type: "web_search" }, cost };
    expect(records(anthropicRows(DAY, [{ group, cost }, search]))).toMatchObject([
      { model: "claude-opus-5", told: { costNanoUsd: 125_000_000n } },
      { model: undefined, item: "web_search", told: { costNanoUsd: 125_000_000n } },
    ]);
    expect(reading(anthropicRows(DAY, [{ group }]))).toThrow('"results" is no list of objects');
  });

  it("reads amounts as text in cents", () => {
    const search = { model: null, cost_type: "web_search", description: "Web Search Usage" };
    const results = [anthropicCost("123.78912"), anthropicCost("1", search)];
    expect(records(anthropicPage(DAY, [results]))).toMatchObject([
      { model: "claude-sonnet-4-20250514", item: undefined, told: { costNanoUsd: 1_237_891_200n } },
      { model: undefined, item: "Web Search Usage", told: { costNanoUsd: 10_000_000n } },
    ]);
  });

  it.each([
    [anthropicCost(12), `"amount" is 12: give cents as a text`],
    [anthropicCost("1", { currency: "GBP" }), "the currency is GBP"],
    [
      anthropicCost("1", { model: null, cost_type: null, description: null }),
      "group_by=description",
    ],
    [anthropicUsage(null), "group_by=model"],
    [{ other: 1 }, "this is no report that can be read"],
  ])("refuses %j", (result, message) => {
    expect(reading(anthropicPage(DAY, [[result]]))).toThrow(message);
  });
});

describe("a CSV file", () => {
  it("tells what its columns are about, and of every day from the first to the last", () => {
    const text = [
      "day,provider,model,cost_usd,requests,cached_tokens",
      '2026-11-01,Azure,"gpt-4o, ""mini""",1.25,3,',
      "",
      "2026-11-03,azure,gpt-5,,4,5",
    ].join("\r\n");
    const [page] = readProviderFile("f.csv", `\u{FEFF}${text}\n`);
    expect(page?.records).toEqual([
      {
        day: "2026-11-01",
        provider: "azure.ai.openai",
        model: 'gpt-4o, "mini"',
        item: undefined,
        told: { costNanoUsd: 1_250_000_000n, requests: 3n, cacheReadTokens: undefined },
      },
      expect.objectContaining({
        model: "gpt-5",
        told: { costNanoUsd: undefined, requests: 4n, cacheReadTokens: 5n },
      }),
    ]);
    expect([...(page?.days.get("azure.ai.openai") ?? [])]).toEqual([
      "2026-11-01",
      "2026-11-02",
      "2026-11-03",
    ]);
  });

  it.each([
    [
      "day,model,cost_usd\n",
      `f.json: the header is "day,model,cost_usd": give day,provider,model and some of cost_usd,`,
    ],
    ["day,provider,model\n", "the header is"],
    ["day,provider,model,cost_usd,cost_eur\n", "the header is"],
    ["day,provider,model,cost_usd\n", "no row below the header"],
    ["day,provider,model,cost_usd\n2026-02-30x,a,b,1", `f.json, row 2: "2026-02-30x" is no day`],
    ["day,provider,model,cost_usd\n2026-02-01,a,b,$1", `cost_usd is "$1": give dollars like 1.25`],
    ["day,provider,model,requests\n2026-02-01,a,b,-1", `requests is "-1": give a whole number`],
    ["day,provider,model,requests\n2026-02-01,a,b", "3 cells where the header has 4"],
    ['day,provider,model,requests\n2026-02-01,a,"b,1', "a quote is not closed"],
  ])("refuses %j", (text, message) => {
    expect(reading(text)).toThrow(message);
  });
});

it.each([
  ["", "f.json: the file is empty"],
  ["{", "f.json: this is not JSON"],
  ["{}", "this is no report that can be read; known are OpenAI's"],
  ['{"data":[]}', `"data" is empty`],
  [
    '{"data":[{"start_time":1793491200,"end_time":1793664000,"results":[]}]}',
    "the bucket of 2026-11-01 is longer than that day in UTC",
  ],
  ['{"data":[{"start_time":"x","end_time":1,"results":[]}]}', "tells no start and end time"],
])("refuses %j", (text, message) => {
  expect(reading(text)).toThrow(message);
});
