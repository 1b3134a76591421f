/** Columns of the input that was read from or written to a cache. */
export const CACHED_COLUMNS = [
  "cache_read_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
] as const;

/** The parts that a record may tell apart: of two records of one call the one with more of them is billed. */
export const PART_COLUMNS = [
  ...CACHED_COLUMNS,
  "tool_use_prompt_tokens",
  "reasoning_tokens",
  "audio_input_tokens",
  "audio_output_tokens",
  "image_input_tokens",
  "image_output_tokens",
  "web_search_requests",
] as const;
