/** Bodies in the documented shapes of the providers' answers. */
const DAY_S = 86_400;

/** A page of OpenAI's organization API: the results of the days from `day` on. */
export function openAiPage(
  day: string,
  days: readonly (readonly object[])[],
  { hasMore = false }: { hasMore?: boolean } = {},
): string {
  const start = Date.parse(day) / 1000;
  const data = days.map((results, index) => ({
    object: "bucket",
    start_time: start + index * DAY_S,
    end_time: start + (index + 1) * DAY_S,
    results,
  }));
  return JSON.stringify({
    object: "page",
    data,
    has_more: hasMore,
    next_page: hasMore ? "AAAA" : null,
  });
}

export const openAiCost = (line: string | null, value: unknown, currency = "usd"): object => ({
  object: "organization.costs.result",
  amount: { value, currency },
  line_item: line,
  project_id: null,
});

export const openAiUsage = (model: string | null, fields: object = {}): object => ({
  object: "organization.usage.completions.result",
  input_tokens: 1000,
  input_cached_tokens: 0,
  output_tokens: 100,
  num_model_requests: 1,
  project_id: null,
  user_id: null,
  api_key_id: null,
  model,
  batch: null,
  ...fields,
});

/** A page of Anthropic's usage or cost report. */
export function anthropicPage(
  day: string,
  days: readonly (readonly object[])[],
  { hasMore = false }: { hasMore?: boolean } = {},
): string {
  const at = (index: number): string =>
    new Date(Date.parse(day) + index * DAY_S * 1000).toISOString().replace(".000", "");
  const data = days.map((results, index) => ({
    starting_at: at(index),
    ending_at: at(index + 1),
    results,
  }));
  return JSON.stringify({ data, has_more: hasMore, next_page: hasMore ? "page_MjAy" : null });
}

export const anthropicUsage = (model: string | null): object => ({
  uncached_input_tokens: 1500,
  cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 500 },
  cache_read_input_tokens: 200,
  output_tokens: 500,
  server_tool_use: { web_search_requests: 10 },
  api_key_id: null,
  workspace_id: null,
  model,
  service_tier: "standard",
  context_window: "0-200k",
});

export const anthropicCost = (amount: unknown, fields: object = {}): object => ({
  currency: "USD",
  amount,
  workspace_id: null,
  description: "Claude Sonnet 4 Usage - Input Tokens",
  cost_type: "tokens",
  context_window: "0-200k",
  model: "claude-sonnet-4-20250514",
  service_tier: "standard",
  token_type: "uncached_input_tokens",
  ...fields,
});

/** A page of Anthropic's Analytics API: a row has its own times, what it is grouped by, and its figures. */
export function anthropicRows(day: string, rows: readonly object[]): string {
  const times = { starting_at: `${day}T00:00:00Z`, ending_at: `${day}T23:00:00Z` };
  return JSON.stringify({
    data: rows.map((row) => ({ ...times, ...row })),
    data_refreshed_at: "2026-11-30T00:00:00Z",
    has_more: false,
    next_page: null,
    organization_id: "org_1",
  });
}
