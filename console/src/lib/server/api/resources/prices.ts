import { MAX_UNPRICED_MODELS, unpricedModels } from "@lensai/analytics/queries/unpriced-models";
import { z } from "zod";
import { pageOf, pageOfRanking, pageQuery } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema, countTextSchema, nanoUsdSchema, timeSchema } from "../schemas.ts";
import { rangeOf, timeQuery } from "../time-query.ts";

const NAME_CHARACTERS_MAX = 200;
const nameText = z.string().min(1).max(NAME_CHARACTERS_MAX);

/** Dollars: a number reads as its shortest decimal form, text has every digit. */
const amountSchema = z.union([z.number(), z.string()]);

/** Of a model, by name. */
export const bookPricesSchema = z.record(
  z.string(),
  z.union([
    amountSchema,
    z.strictObject({
      base: amountSchema,
      tiers: z.array(z.strictObject({ start: z.number(), price: amountSchema })),
    }),
  ]),
);

const priceSchema = z
  .strictObject({
    provider: z.string().nullable(),
    model: z.string(),
    serviceTier: z.string().nullable(),
    at: timeSchema,
    prices: bookPricesSchema
      .nullable()
      .describe(
        "US dollars by name: `_mtok` is per million tokens, `_kcount` per thousand. Null: the price is unknown.",
      ),
    gap: z
      .enum(["provider", "model", "service_tier"])
      .nullable()
      .describe("What the book does not know; null when there is a price."),
    overrides: z
      .array(
        z.strictObject({
          layer: z.string(),
          source: z.string(),
          recordedBy: z.string(),
          recordedAt: timeSchema,
        }),
      )
      .describe("Who changed the list price, in order; none when it is the list price."),
    bookVersion: z.string(),
  })
  .meta({ id: "Price" });

const unpricedCalls = {
  calls: countSchema,
  inputTokens: countTextSchema,
  outputTokens: countTextSchema,
  clientCostNanoUsd: nanoUsdSchema
    .nullable()
    .describe("What the clients themselves say that the calls cost."),
  lastCallAt: timeSchema,
};

const unpricedSchema = z
  .strictObject({
    provider: z.string().nullable(),
    model: z.string().nullable(),
    serviceTier: z.string().nullable(),
    ...unpricedCalls,
  })
  .meta({ id: "UnpricedModel" });

const unpricedPageSchema = z.strictObject({
  ...pageOf(unpricedSchema).shape,
  others: z
    .strictObject({ models: countSchema, ...unpricedCalls })
    .nullable()
    .describe(
      `Models beyond the ${MAX_UNPRICED_MODELS} with most tokens, which no page lists; null: none.`,
    ),
});

export const priceRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/prices",
    operationId: "getPrice",
    tag: "Prices",
    summary: "What a model costs in this project, and who says so.",
    permission: "project.read",
    query: z.strictObject({
      provider: nameText.optional().describe("Any spelling of `gen_ai.provider.name`."),
      model: nameText,
      serviceTier: nameText.optional().describe('As the provider names it: "batch", say.'),
      at: z.iso
        .datetime({ offset: true })
        .optional()
        .describe("When the call is, or was, made; now, when absent."),
    }),
    success: {
      status: 200,
      description: "The price, or what is missing for it.",
      schema: priceSchema,
    },
    handle: async ({ console, projectId, query }) => {
      const { provider, model, serviceTier } = query;
      const at = query.at === undefined ? console.services.now() : new Date(query.at);
      const book = await console.prices.current();
      const answer = book.resolve({ provider, model, serviceTier, at, projectId });
      return {
        body: {
          provider,
          model,
          serviceTier,
          at,
          prices: answer.named && withoutAbsent(answer.named),
          gap: answer.gap,
          overrides: answer.overrides.map(({ layer, entry }) => ({
            layer,
            source: entry.source,
            recordedBy: entry.recordedBy,
            recordedAt: entry.recordedAt,
          })),
          bookVersion: book.version,
        },
      };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/prices/unknown",
    operationId: "listUnpricedModels",
    tag: "Prices",
    summary: "Models whose calls have usage and no price, those with the most tokens first.",
    permission: "project.read",
    query: z.strictObject({ ...pageQuery, ...timeQuery }),
    success: { status: 200, description: "A page of models.", schema: unpricedPageSchema },
    handle: async ({ console, projectId, query }) => {
      const limit = MAX_UNPRICED_MODELS;
      const range = rangeOf(query, console.services.now().getTime());
      await console.lake.refresh();
      const ranked = await console.lake.ask(
        { name: "api unpriced", projectId, ...range },
        (target) => unpricedModels(projectId, { ...range, limit }, target),
      );
      const { items, nextCursor } = pageOfRanking(ranked.models, query, (model) => ({
        weights: [model.inputTokens + model.outputTokens, model.calls],
        identity: JSON.stringify([model.provider, model.model, model.serviceTier]),
      }));
      const others = ranked.others && withTime(ranked.others);
      return { body: { items: items.map((model) => withTime(model)), nextCursor, others } };
    },
  }),
];

function withTime<T extends { readonly lastUnixMs: number }>({ lastUnixMs, ...calls }: T) {
  return { ...calls, lastCallAt: new Date(lastUnixMs) };
}

/** JSON has no members that are undefined. */
export function withoutAbsent<T>(
  prices: Readonly<Record<string, T | undefined>>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(prices).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}
