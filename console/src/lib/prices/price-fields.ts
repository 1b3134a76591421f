import { scaleDecimal } from "@lensai/otel-config/money";
import type { BookAmount, BookPrices } from "@lensai/otel-config/pricing/unit-prices";
import { formatExactPico } from "../format/money.ts";

/** A price that a form offers, by its name in the book. */
export interface PriceField {
  readonly name: string;
  readonly label: string;
}

/** Nearly every model has these. */
export const MAIN_PRICES: readonly PriceField[] = [
  { name: "input_mtok", label: "Input" },
  { name: "output_mtok", label: "Output" },
  { name: "cache_read_mtok", label: "Cached input" },
];

export const OTHER_PRICES: readonly PriceField[] = [
  { name: "cache_write_mtok", label: "Cache write" },
  { name: "cache_write_5m_mtok", label: "Cache write, 5 minutes" },
  { name: "cache_write_1h_mtok", label: "Cache write, 1 hour" },
  { name: "output_reasoning_mtok", label: "Reasoning" },
  { name: "input_audio_mtok", label: "Audio input" },
  { name: "output_audio_mtok", label: "Audio output" },
  { name: "input_image_mtok", label: "Image input" },
  { name: "output_image_mtok", label: "Image output" },
  { name: "requests_kcount", label: "Requests" },
  { name: "web_searches_kcount", label: "Searches" },
];

const FIELDS = [...MAIN_PRICES, ...OTHER_PRICES];

/** Of the book's other prices the name is all there is. */
const labelOf = (name: string): string =>
  FIELDS.find((field) => field.name === name)?.label ??
  name.replace(/_[mk](?:tok|count)$/, "").replaceAll("_", " ");

/** One price of a model: "Input", "$2.50", and what it is from so many input tokens on. */
export interface PriceLine {
  readonly name: string;
  readonly label: string;
  readonly amount: string;
  /** "$5.00 above 200,000 input tokens" */
  readonly tiers: readonly string[];
  readonly unit: "a million tokens" | "a thousand" | "each";
}

/** In the order of the form; the names that it does not have last. */
export function priceLines(prices: BookPrices): PriceLine[] {
  return Object.entries(prices)
    .flatMap(([name, price]) => (price === undefined ? [] : [{ name, price }]))
    .toSorted((a, b) => placeOf(a.name) - placeOf(b.name))
    .map(({ name, price }) => ({
      name,
      label: labelOf(name),
      amount: formatAmount(typeof price === "object" ? price.base : price),
      tiers:
        typeof price === "object"
          ? price.tiers.map(
              ({ start, price: amount }) =>
                `${formatAmount(amount)} above ${start.toLocaleString("en-US")} input tokens`,
            )
          : [],
      unit: unitOf(name),
    }));
}

function placeOf(name: string): number {
  const place = FIELDS.findIndex((field) => field.name === name);
  return place < 0 ? FIELDS.length : place;
}

function unitOf(name: string): PriceLine["unit"] {
  if (name.endsWith("_mtok")) return "a million tokens";
  return name.endsWith("_kcount") ? "a thousand" : "each";
}

const PICO_DIGITS = 12;

/** An amount of the book, which is in US dollars. */
export function formatAmount(amount: BookAmount): string {
  const pico = scaleDecimal(amount, PICO_DIGITS);
  return pico === undefined ? `$${amount}` : formatExactPico(pico);
}

/** What a form says of a price, as the API takes it; empty fields say nothing. */
export function statementOf(form: FormData): Record<string, unknown> {
  const text = (name: string): string | undefined => {
    const value = form.get(name);
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  };
  const prices = Object.fromEntries(
    FIELDS.flatMap(({ name }) => {
      const amount = text(name);
      return amount === undefined ? [] : [[name, amount]];
    }),
  );
  const named = text("match") === "prefix" ? "modelPrefix" : "model";
  const statement = {
    provider: text("provider"),
    [named]: text("model") ?? (named === "modelPrefix" ? "" : undefined),
    serviceTier: text("serviceTier"),
    prices: Object.keys(prices).length === 0 ? undefined : prices,
    multiplier: text("multiplier"),
    withdrawn: text("withdrawn") === "true" ? true : undefined,
    validFrom: text("validFrom"),
    validUntil: text("validUntil"),
    source: text("source"),
  };
  return Object.fromEntries(Object.entries(statement).filter(([, value]) => value !== undefined));
}
