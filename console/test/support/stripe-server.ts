import { startLocalReceiver, type Answer, type ReceivedRequest } from "./local-receiver.ts";

/** A meter event that the server standing for Stripe has counted. */
export interface CountedEvent {
  readonly identifier: string;
  readonly eventName: string;
  readonly customer: string;
  readonly value: bigint;
  readonly timestamp: number;
}

/**
 * What goes wrong with the next meter events. `lost` takes the event and cuts the connection, as when the answer is
 * lost on the way; `cut` takes nothing.
 */
export type StripeTrouble = "lost" | Answer;

export interface StripeServer {
  /** For `stripeApiUrl`. */
  readonly url: string;
  /** What each customer would find on an invoice. */
  readonly counted: CountedEvent[];
  readonly meters: { id: string; event_name: string; formula: string }[];
  readonly prices: URLSearchParams[];
  /** Ids that exist: events of others are refused, as v2 of the API does at once. */
  readonly customers: Set<string>;
  /** Those of whom only the id is left. */
  readonly deletedCustomers: Set<string>;
  /** A restricted key may be without that right. */
  mayReadCustomers: boolean;
  readonly troubles: StripeTrouble[];
  /** Keys that are let in. */
  readonly keys: Set<string>;
  /** Of its clock: identifiers older than a day are forgotten. */
  nowMs: number;
  /** Micro-USD counted for a customer. */
  total(customer: string): bigint;
  reset(): void;
  stop(): Promise<void>;
}

export const STRIPE_KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
const DAY_MS = 86_400_000;
const DAYS_TAKEN_MS = 35 * DAY_MS;
const AHEAD_TAKEN_MS = 5 * 60_000;

/** Behaves as Stripe's API does, as far as usage is metered. */
export async function startStripeServer(): Promise<StripeServer> {
  const known = new Map<string, number>();
  const takeEvent = (form: URLSearchParams): Answer => {
    const identifier = form.get("identifier") ?? "";
    const timestamp = Number(form.get("timestamp"));
    const customer = form.get("payload[stripe_customer_id]") ?? "";
    const value = form.get("payload[value]") ?? "";
    const eventName = form.get("event_name") ?? "";
    const ageMs = server.nowMs - timestamp * 1000;
    if (!server.meters.some(({ event_name: name }) => name === eventName))
      return refused(`No active meter found for event name ${eventName}.`);
    if (!server.customers.has(customer)) return refused(`No such customer: '${customer}'`);
    if (!/^-?\d+$/.test(value)) return refused("The value must be a whole number.");
    if (ageMs > DAYS_TAKEN_MS || ageMs < -AHEAD_TAKEN_MS)
      return refused("The timestamp must be within the past 35 calendar days.");
    const takenMs = known.get(identifier);
    if (takenMs !== undefined && server.nowMs - takenMs < DAY_MS)
      return refused(`An event already exists with identifier ${identifier}.`);
    known.set(identifier, server.nowMs);
    server.counted.push({ identifier, eventName, customer, value: BigInt(value), timestamp });
    return json({ object: "billing.meter_event", identifier, event_name: eventName, timestamp });
  };
  const takeOrTrouble = (form: URLSearchParams): Answer => {
    const trouble = server.troubles.shift();
    if (trouble === undefined) return takeEvent(form);
    if (trouble !== "lost") return trouble;
    takeEvent(form);
    return "cut";
  };
  const receiver = await startLocalReceiver((request) => {
    if (!server.keys.has(keyOf(request))) return unauthorized();
    const { pathname, searchParams } = new URL(request.path, "http://stripe.test");
    const form = new URLSearchParams(request.body);
    if (pathname.endsWith("/event_summaries")) return summaries(searchParams);
    const [, customerId] = /^\/v1\/customers\/(.+)$/.exec(pathname) ?? [];
    if (customerId !== undefined) return customerAnswer(customerId);
    switch (`${request.method} ${pathname}`) {
      case "POST /v1/billing/meter_events":
        return takeOrTrouble(form);
      case "POST /v1/billing/meters":
        return createMeter(form);
      case "GET /v1/billing/meters":
        return list(server.meters.map((one) => meter(one)));
      case "POST /v1/prices":
        return createPrice(form);
      case "GET /v1/prices":
        return list([]);
      default:
        return { status: 404, body: "{}" };
    }
  });
  const customerAnswer = (id: string): Answer => {
    if (!server.mayReadCustomers) return json({ error: { type: "invalid_request_error" } }, 403);
    if (server.deletedCustomers.has(id)) return json({ object: "customer", id, deleted: true });
    if (server.customers.has(id)) return json({ object: "customer", id });
    const error = {
      type: "invalid_request_error",
      code: "resource_missing",
      message: "No such customer",
    };
    return json({ error }, 404);
  };
  const createMeter = (form: URLSearchParams): Answer => {
    const made = {
      id: `mtr_test_${server.meters.length + 1}`,
      event_name: form.get("event_name") ?? "",
      formula: form.get("default_aggregation[formula]") ?? "",
    };
    server.meters.push(made);
    return json(meter(made));
  };
  const createPrice = (form: URLSearchParams): Answer => {
    server.prices.push(form);
    return json({ object: "price", id: `price_test_${server.prices.length}` });
  };
  const summaries = (query: URLSearchParams): Answer => {
    const [from, to] = [Number(query.get("start_time")), Number(query.get("end_time"))];
    const within = server.counted.filter(
      ({ customer, timestamp }) =>
        customer === query.get("customer") && timestamp >= from && timestamp < to,
    );
    const value = within.reduce((sum, event) => sum + event.value, 0n);
    return list([{ object: "billing.meter_event_summary", aggregated_value: Number(value) }]);
  };
  const server: StripeServer = {
    url: receiver.url,
    counted: [],
    meters: [],
    prices: [],
    customers: new Set(),
    deletedCustomers: new Set(),
    mayReadCustomers: true,
    troubles: [],
    keys: new Set([STRIPE_KEY]),
    nowMs: Date.now(),
    total: (customer) =>
      server.counted
        .filter((event) => event.customer === customer)
        .reduce((sum, { value }) => sum + value, 0n),
    reset: () => {
      for (const all of [server.counted, server.meters, server.prices, server.troubles])
        all.length = 0;
      known.clear();
      server.customers.clear();
      server.deletedCustomers.clear();
      server.mayReadCustomers = true;
      server.keys.clear();
      server.keys.add(STRIPE_KEY);
    },
    stop: () => receiver.stop(),
  };
  return server;
}

const keyOf = ({ headers }: ReceivedRequest): string =>
  (headers["authorization"] ?? "").replace(/^Bearer /, "");

const json = (body: object, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const list = (data: readonly object[]): Answer =>
  json({ object: "list", data, has_more: false, url: "/v1" });

const refused = (message: string): Answer =>
  json({ error: { type: "invalid_request_error", message } }, 400);

const unauthorized = (): Answer =>
  json({ error: { type: "invalid_request_error", message: "Invalid API Key provided" } }, 401);

const meter = (made: { id: string; event_name: string; formula: string }): object => ({
  object: "billing.meter",
  id: made.id,
  event_name: made.event_name,
  default_aggregation: { formula: made.formula },
  event_time_window: null,
  customer_mapping: { type: "by_id", event_payload_key: "stripe_customer_id" },
  value_settings: { event_payload_key: "value" },
  status: "active",
});
