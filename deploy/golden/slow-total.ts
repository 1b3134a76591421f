// An independent way to the same total: every row of the Parquet files, one by one, from the attributes as
// they were sent. It shares no code with the pricing and the counting of the product, on purpose.
import { DuckDBInstance } from "@duckdb/node-api";
import type { ModelPrice, Provider } from "@pydantic/genai-prices";
import { nanoUsd, scaled } from "./decimal.ts";
import { listedPrice, loadProviders } from "./price-list.ts";

export interface SlowTotal {
  readonly rows: number;
  readonly calls: number;
  /** Answered calls that the price list knows. */
  readonly pricedCalls: number;
  readonly costNanoUsd: bigint;
  /** Rows whose own cost is another one, described; the first few. */
  readonly differences: readonly string[];
}

const DIFFERENCES_SHOWN_MAX = 10;
const CALLS = new Set(["chat", "embeddings"]);
const NANOS_PER_MS = 1_000_000n;

interface Row {
  readonly span_id: string;
  readonly start_unix_nano: bigint;
  readonly status: string;
  readonly operation: string | null;
  readonly request_model: string | null;
  readonly response_model: string | null;
  readonly attributes: string | null;
  readonly cost_nano_usd: bigint | null;
}

/** Reads every Parquet file of spans below a lake folder. */
export async function slowTotal(lakeFolder: string): Promise<SlowTotal> {
  const providers = await loadProviders();
  const rows = await readRows(lakeFolder);
  let [calls, pricedCalls, costNanoUsd] = [0, 0, 0n];
  const differences: string[] = [];
  for (const row of rows) {
    if (row.operation === null || !CALLS.has(row.operation)) continue;
    calls += 1;
    const cost = row.status === "error" ? null : costOf(row, providers);
    if (cost !== null) {
      pricedCalls += 1;
      costNanoUsd += cost;
    }
    if (cost !== row.cost_nano_usd && differences.length < DIFFERENCES_SHOWN_MAX) {
      differences.push(
        `span ${row.span_id}: ${row.cost_nano_usd} in the lake, ${cost} by the check`,
      );
    }
  }
  return { rows: rows.length, calls, pricedCalls, costNanoUsd, differences };
}

async function readRows(lakeFolder: string): Promise<Row[]> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    const glob = `${lakeFolder}/spans/v1/*/*/*.parquet`.replaceAll("'", "''");
    const answer = await connection.runAndReadAll(
      `SELECT span_id, start_unix_nano, status, operation, request_model, response_model, attributes, cost_nano_usd
       FROM read_parquet('${glob}')`,
    );
    return answer.getRowObjectsJS() as unknown as Row[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function costOf(row: Row, providers: readonly Provider[]): bigint | null {
  const sent = JSON.parse(row.attributes ?? "{}") as Record<string, unknown>;
  const provider = sent["gen_ai.provider.name"] ?? sent["gen_ai.system"];
  const at = new Date(Number(row.start_unix_nano / NANOS_PER_MS));
  for (const model of [row.response_model, row.request_model]) {
    if (model === null) continue;
    const price = listedPrice(providers, { provider: String(provider), model, at });
    if (price !== undefined) return charge(sent, price);
  }
  return null;
}

/** By the conventions, the input contains what was read from and written to a cache, the output the reasoning. */
function charge(sent: Readonly<Record<string, unknown>>, price: ModelPrice): bigint {
  const input = tokens(sent, "gen_ai.usage.input_tokens");
  const output = tokens(sent, "gen_ai.usage.output_tokens");
  const read = tokens(sent, "gen_ai.usage.cache_read.input_tokens");
  const write =
    tokens(sent, "gen_ai.usage.cache_write.input_tokens") +
    tokens(sent, "gen_ai.usage.cache_creation.input_tokens");
  const reasoning = tokens(sent, "gen_ai.usage.reasoning.output_tokens");
  if (read + write > input || reasoning > output) {
    throw new Error(`the check cannot read the counts ${JSON.stringify(sent)}`);
  }
  const unit = (...names: readonly string[]): bigint => unitPrice(price, names, input);
  let sum = (input - read - write) * unit("input_mtok");
  sum += read * unit("cache_read_mtok", "input_mtok");
  sum += write * unit("cache_write_mtok", "input_mtok");
  sum += (output - reasoning) * unit("output_mtok");
  sum += reasoning * unit("output_reasoning_mtok", "output_mtok");
  return nanoUsd(sum);
}

function tokens(sent: Readonly<Record<string, unknown>>, name: string): bigint {
  const value = sent[name];
  return typeof value === "number" ? BigInt(value) : 0n;
}

/** The first of the names that has a price; in the dearest tier that the whole input reaches. */
function unitPrice(price: ModelPrice, names: readonly string[], input: bigint): bigint {
  const found = names.map((name) => price[name]).find((one) => one !== undefined);
  if (found === undefined) return 0n;
  if (typeof found === "number") return scaled(found);
  let amount = found.base;
  for (const tier of found.tiers) if (input > BigInt(tier.start)) amount = tier.price;
  return scaled(amount);
}
