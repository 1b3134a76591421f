/** What is in the lake and in the account that stands for one of Stripe, so that the fuzz does not only ask for what is not there. */
export interface Known {
  readonly calls: readonly KnownCall[];
  /** Leads to the next page of calls. */
  readonly nextCursor: string | null;
  readonly stripeKey: string;
  readonly stripeCustomer: string;
  readonly budgetId: string;
  /** May end: what was archived takes no change, and nobody would notice what the changes do. */
  readonly spare: { readonly projectId: string; readonly budgetId: string };
}

interface KnownCall {
  readonly startedAt: string;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly batchId: string;
  readonly recordOrdinal: string | null;
}

/** The one that projects belong to unless somebody says otherwise. */
const DEFAULT_ORGANIZATION = "default";
/** Mostly what exists; now and then anything. */
const PROBABILITY = 0.8;

/** The configuration of schemathesis, in TOML. */
export function fuzzConfig(
  projectId: string,
  { calls, nextCursor, stripeKey, stripeCustomer, budgetId, spare }: Known,
): string {
  const values = Object.entries({
    "path.projectId": projectId,
    "path.organizationId": DEFAULT_ORGANIZATION,
    ...knownValues(calls),
    "path.budgetId": budgetId,
    "body.stripeKey": stripeKey,
    "body.customerId": stripeCustomer,
  }).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return [
    "# Texts may be refused for what no schema says: a cursor of another list, a range that ends before it starts.",
    "[checks]",
    "positive_data_acceptance.enabled = false",
    "",
    "# A channel that came to be would be sent to: only what is refused is tried.",
    "[[operations]]",
    'include-operation-id = ["createAlertChannel", "updateAlertChannel"]',
    'generation.mode = "negative"',
    "phases.stateful.enabled = false",
    "",
    ...onlyOf("listCalls", "query.cursor", nextCursor),
    ...onlyOf("archiveProject", "path.projectId", spare.projectId),
    ...onlyOf("deleteBudget", "path.budgetId", spare.budgetId),
    "[phases.coverage]",
    "# All but TRACE: what the server is made of knows no such request, and answers 400 before any route.",
    'unexpected-methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "QUERY"]',
    "",
    ...values.flatMap(([name, value]) => [
      `[dictionaries.${dictionaryOf(name)}]`,
      `values = [${JSON.stringify(value)}]`,
      "",
    ]),
    "[parameters]",
    ...values.map(
      ([name]) =>
        `"${name}" = { dictionary = "${dictionaryOf(name)}", probability = ${PROBABILITY} }`,
    ),
    "",
  ].join("\n");
}

/** What some operations take, and no other: a cursor is good for its own list, and what ends is not what the others need. */
function onlyOf(operationId: string, name: string, value: string | null): string[] {
  if (value === null) return [];
  const dictionary = `${operationId}_${dictionaryOf(name)}`;
  return [
    `[dictionaries.${dictionary}]`,
    `values = [${JSON.stringify(value)}]`,
    "",
    "[[operations]]",
    `include-operation-id = "${operationId}"`,
    `parameters = { "${name}" = { dictionary = "${dictionary}", probability = ${PROBABILITY} } }`,
    "phases.stateful.enabled = false",
    "",
  ];
}

/** Of one call, so that ids that belong together fit together. */
function knownValues([call]: readonly KnownCall[]): Readonly<
  Record<string, string | null | undefined>
> {
  const startedAt = call?.startedAt ?? "";
  return {
    "path.traceId": call?.traceId,
    "path.spanId": call?.spanId,
    "path.batchId": call?.batchId,
    "path.recordOrdinal": call?.recordOrdinal,
    "query.at": startedAt,
    "query.from": `${startedAt.slice(0, 8)}01T00:00:00Z`,
    "query.to": `${startedAt.slice(0, 4)}-12-31T23:59:59Z`,
    "header.If-Match": "*",
  };
}

const dictionaryOf = (name: string): string => name.replaceAll(/\W/g, "_");
