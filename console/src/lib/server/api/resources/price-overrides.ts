import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { listRecordedPrices, PRICE_ORDER, type RecordedPrice } from "../../services/prices/list.ts";
import { recordPrices } from "../../services/prices/record.ts";
import { setPricesSchema } from "../../services/prices/schemas.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema, timeSchema } from "../schemas.ts";
import { bookPricesSchema, withoutAbsent } from "./prices.ts";

const overrideSchema = z
  .strictObject({
    number: z.int().describe("1 is the project's first."),
    provider: z.string(),
    model: z.string().nullable(),
    modelPrefix: z.string().nullable().describe("All models that begin so."),
    serviceTier: z.string(),
    prices: bookPricesSchema.nullable(),
    multiplier: z.string().nullable(),
    except: z.array(z.string()).describe("Prices that the multiplier leaves as they are."),
    withdrawn: z.boolean(),
    validFrom: timeSchema.nullable(),
    validUntil: timeSchema.nullable().describe("Not included."),
    source: z.string(),
    recordedAt: timeSchema,
    recordedBy: z.string().describe("As the audit log names people."),
  })
  .meta({ id: "PriceOverride" });

export const priceOverrideRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/prices/overrides",
    operationId: "listPriceOverrides",
    tag: "Prices",
    summary: "What the project has said about prices, newest first.",
    description:
      "Overrides in the price files of collectors are not among them; `getPrice` answers with both.",
    permission: "project.read",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of overrides.",
      schema: pageOf(overrideSchema),
    },
    handle: async ({ services, projectId, query }) => {
      const { items, nextCursor } = await readPage(query, PRICE_ORDER, (part) =>
        listRecordedPrices(services.db, projectId, part),
      );
      return {
        body: {
          items: items.map((recorded) => toJson(recorded)),
          nextCursor,
        },
      };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/prices/overrides",
    operationId: "setPrices",
    tag: "Prices",
    summary: "Says what models cost, for calls that come from now on.",
    description:
      "Nothing that was said before is changed: of several statements about one thing the one recorded last holds. One that was said before, word for word, is not recorded again. Calls that came before keep their cost.",
    permission: "prices.manage",
    body: setPricesSchema,
    errors: ["api.conflict"],
    success: {
      status: 201,
      description: "Collectors are told at once.",
      schema: z.strictObject({ recorded: countSchema, unchanged: countSchema }),
    },
    handle: async ({ services, caller, projectId, body }) => {
      const input = { projectId, statements: body.overrides };
      const result = await recordPrices(services, input, caller.actor);
      if (result.kind === "too_many")
        throw new LensError(
          "api.conflict",
          `a project makes at most ${result.statementsMax} statements about prices: put them into the price file of the collectors`,
        );
      return { body: { recorded: result.recorded, unchanged: result.unchanged } };
    },
  }),
];

function toJson({ number, entry }: RecordedPrice) {
  const { provider, model, match, serviceTier, change, validFrom, validUntil } = entry;
  const { source, recordedAt, recordedBy } = entry;
  return {
    number,
    provider,
    model: match === "exact" ? model : undefined,
    modelPrefix: match === "prefix" ? model : undefined,
    serviceTier,
    prices: change.kind === "prices" ? withoutAbsent(change.prices) : undefined,
    multiplier: change.kind === "multiplier" ? change.multiplier : undefined,
    except: change.kind === "multiplier" ? change.except : [],
    withdrawn: change.kind === "withdrawal",
    validFrom,
    validUntil,
    source,
    recordedAt,
    recordedBy,
  };
}
