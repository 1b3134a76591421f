import { Stripe } from "stripe";

/** Everything that is asked of Stripe. Stripe's own errors come through: `stripeProblem` says what they mean. */
export interface StripeAccount {
  /** Finds the meter of that event name and the price on it, or creates them. Safe to repeat. */
  prepareMeter(eventName: string): Promise<PreparedMeter>;
  /** Resolves once Stripe has taken the event, or says that it had taken it before. */
  sendMeterEvent(event: MeterEvent): Promise<void>;
  /** Is there such a customer? Undefined when it cannot be told: the key may not read customers, or Stripe is away. */
  hasCustomer(customerId: string): Promise<boolean | undefined>;
  /** What the meter has counted for a customer within whole minutes, the end exclusive. */
  meteredBetween(input: MeteredInput): Promise<bigint>;
}

export interface PreparedMeter {
  readonly meterId: string;
  readonly priceId: string;
}

interface MeterEvent {
  readonly identifier: string;
  readonly eventName: string;
  readonly customerId: string;
  /** Micro-USD, whole. */
  readonly value: bigint;
  readonly occurredAt: Date;
}

interface MeteredInput {
  readonly meterId: string;
  readonly customerId: string;
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
}

export interface StripeOptions {
  /** `https://api.stripe.com`, or a stand-in. */
  readonly apiUrl: string;
  readonly timeoutMs?: number;
}

/** Opens the account of a secret key; asks nothing yet. */
export type OpenStripe = (secretKey: string) => StripeAccount;

const TIMEOUT_MS = 15_000;
const SECOND_MS = 1000;
/** A hundredth of a cent's hundredth: with it an invoice shows dollars for micro-USD. */
const CENTS_PER_MICRO_USD = "0.0001";
const PRODUCT_NAME = "AI usage";
const CUSTOMER_KEY = "stripe_customer_id";
const VALUE_KEY = "value";

export function createStripeOpener({ apiUrl, timeoutMs = TIMEOUT_MS }: StripeOptions): OpenStripe {
  const { hostname, port, protocol } = new URL(apiUrl);
  return (secretKey) => {
    const stripe = new Stripe(secretKey, {
      host: hostname,
      ...(port !== "" && { port }),
      protocol: protocol === "http:" ? "http" : "https",
      telemetry: false,
      // Whoever sends keeps an outbox, and knows better when to try again.
      maxNetworkRetries: 0,
      timeout: timeoutMs,
    });
    return {
      prepareMeter: async (eventName) => {
        const meter = await meterOf(stripe, eventName);
        return { meterId: meter.id, priceId: await priceOf(stripe, meter) };
      },
      sendMeterEvent: (event) => sendMeterEvent(stripe, event),
      hasCustomer: (customerId) => hasCustomer(stripe, customerId),
      meteredBetween: (input) => meteredBetween(stripe, input),
    };
  };
}

async function meterOf(stripe: Stripe, eventName: string): Promise<Stripe.Billing.Meter> {
  for await (const meter of stripe.billing.meters.list({ status: "active", limit: 100 })) {
    if (meter.event_name !== eventName) continue;
    const problem = meterProblem(meter);
    if (problem === undefined) return meter;
    throw new UnfitMeter(`the meter of the event "${eventName}" ${problem}: choose another name`);
  }
  return stripe.billing.meters.create(
    {
      display_name: "AI usage (micro-USD)",
      event_name: eventName,
      default_aggregation: { formula: "sum" },
      customer_mapping: { type: "by_id", event_payload_key: CUSTOMER_KEY },
      value_settings: { event_payload_key: VALUE_KEY },
    },
    { idempotencyKey: `lensai-meter-${eventName}` },
  );
}

/** A meter that somebody has made for something else. */
class UnfitMeter extends Error {
  override readonly name = "UnfitMeter";
}

function meterProblem(meter: Stripe.Billing.Meter): string | undefined {
  if (meter.default_aggregation.formula !== "sum") return "does not sum";
  if (meter.event_time_window !== null) return "keeps only the last event of an hour or a day";
  if (meter.customer_mapping.event_payload_key !== CUSTOMER_KEY)
    return `takes the customer from "${meter.customer_mapping.event_payload_key}"`;
  if (meter.value_settings.event_payload_key !== VALUE_KEY)
    return `takes the value from "${meter.value_settings.event_payload_key}"`;
  return undefined;
}

/** The price of a micro-USD, found again by its lookup key. */
async function priceOf(stripe: Stripe, { id, event_name: name }: Stripe.Billing.Meter) {
  const lookupKey = `lensai_${name}`;
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKey], limit: 1 });
  const [known] = data;
  if (known !== undefined) return known.id;
  const price = await stripe.prices.create(
    {
      currency: "usd",
      unit_amount_decimal: Stripe.Decimal.from(CENTS_PER_MICRO_USD),
      lookup_key: lookupKey,
      recurring: { interval: "month", usage_type: "metered", meter: id },
      product_data: { name: PRODUCT_NAME },
    },
    { idempotencyKey: `lensai-price-${id}` },
  );
  return price.id;
}

async function sendMeterEvent(stripe: Stripe, event: MeterEvent): Promise<void> {
  const { identifier, eventName, customerId, value, occurredAt } = event;
  try {
    await stripe.billing.meterEvents.create(
      {
        identifier,
        event_name: eventName,
        timestamp: Math.floor(occurredAt.getTime() / SECOND_MS),
        payload: { [CUSTOMER_KEY]: customerId, [VALUE_KEY]: value.toString() },
      },
      { idempotencyKey: identifier },
    );
  } catch (error) {
    if (!isKnownAlready(error, identifier)) throw error;
  }
}

/** Stripe refuses an identifier that it has taken: the attempt before this one had arrived after all. */
function isKnownAlready(error: unknown, identifier: string): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    error.message.includes(identifier) &&
    /already exists|duplicate/i.test(error.message)
  );
}

async function hasCustomer(stripe: Stripe, customerId: string): Promise<boolean | undefined> {
  try {
    const customer = await stripe.customers.retrieve(customerId);
    return customer.deleted !== true;
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    return error.code === "resource_missing" ? false : undefined;
  }
}

async function meteredBetween(
  stripe: Stripe,
  { meterId, customerId, fromUnixMs, toUnixMs }: MeteredInput,
): Promise<bigint> {
  let sum = 0n;
  const summaries = stripe.billing.meters.listEventSummaries(meterId, {
    customer: customerId,
    start_time: fromUnixMs / SECOND_MS,
    end_time: toUnixMs / SECOND_MS,
    limit: 100,
  });
  for await (const { aggregated_value: value } of summaries) sum += BigInt(value);
  return sum;
}

/** How an attempt failed. */
export interface StripeProblem {
  /** Without secrets: Stripe's messages quote keys only in part, and are cut. */
  readonly reason: string;
  /**
   * `refused`: this request never will be taken. `account`: nothing will be, until somebody sees to it. `later`: it may
   * have arrived; try again.
   */
  readonly kind: "refused" | "account" | "later";
}

const REASON_CHARACTERS_MAX = 300;

export function stripeProblem(error: unknown): StripeProblem {
  const { errors } = Stripe;
  if (error instanceof UnfitMeter) return { kind: "account", reason: error.message };
  if (
    error instanceof errors.StripeAuthenticationError ||
    error instanceof errors.StripePermissionError
  )
    return { kind: "account", reason: `Stripe refuses the key (${error.statusCode})` };
  if (error instanceof errors.StripeRateLimitError)
    return { kind: "later", reason: "Stripe asks for patience (429)" };
  if (error instanceof errors.StripeInvalidRequestError)
    return { kind: "refused", reason: `Stripe: ${error.message.slice(0, REASON_CHARACTERS_MAX)}` };
  if (error instanceof errors.StripeConnectionError)
    return { kind: "later", reason: "Stripe cannot be reached" };
  if (error instanceof errors.StripeError)
    return { kind: "later", reason: `Stripe fails (${error.statusCode ?? error.type})` };
  throw error;
}
