import { z } from "zod";
import {
  coverageOf,
  producerLines,
  type ProducerLine,
  type SourcesAnswer,
} from "../../../sources.ts";
import { loadSources, PRODUCERS_MAX } from "../../lake/load-sources.ts";
import { pageOf, pageOfRanking, pageQuery } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema, countTextSchema, nanoUsdSchema, timeSchema } from "../schemas.ts";
import { rangeOf, timeQuery } from "../time-query.ts";

const coverageSchema = z
  .strictObject({
    billedCalls: countSchema,
    reportedCalls: countSchema,
    estimatedCalls: countSchema,
    missingCalls: countSchema,
    pricedCalls: countSchema,
    costNanoUsd: nanoUsdSchema,
    estimatedNanoUsd: nanoUsdSchema,
    notBilledRecords: countSchema,
    notBilledNanoUsd: nanoUsdSchema.describe("What counting repeats and sums would have added."),
    possibleRepeats: countSchema.describe(
      "Billed calls inside equal billed calls of another service, in another trace.",
    ),
    possibleRepeatsNanoUsd: nanoUsdSchema.describe("What is billed twice if they are the same."),
    atStakeNanoUsd: nanoUsdSchema
      .nullable()
      .describe("Calls without a cost at what the priced ones cost on average."),
    rejectedRecords: countSchema,
    duplicateRecords: countSchema,
    droppedRecords: countSchema.nullable().describe("Null: no client reports what it drops."),
  })
  .describe("How much of the spend is known, and how well.")
  .meta({ id: "Coverage" });

const producerSchema = z
  .strictObject({
    serviceName: z.string().nullable(),
    scopeName: z.string().nullable(),
    scopeVersion: z.string().nullable(),
    dialect: z.string().nullable(),
    records: countSchema,
    calls: countSchema,
    billedCalls: countSchema,
    failedCalls: countSchema,
    repeatedRecords: countSchema,
    aggregateRecords: countSchema,
    notBilledNanoUsd: nanoUsdSchema,
    reportedCalls: countSchema,
    estimatedCalls: countSchema,
    missingCalls: countSchema,
    pricedCalls: countSchema,
    costNanoUsd: nanoUsdSchema,
    estimatedNanoUsd: nanoUsdSchema,
    pricedTokens: countTextSchema,
    rejectedRecords: countSchema,
    duplicateRecords: countSchema,
    possibleRepeats: countSchema,
    possibleRepeatsNanoUsd: nanoUsdSchema,
    isKnownBad: z.boolean().describe("Its counts are wrong or missing for a reason that is known."),
    notes: z.array(z.string()),
    firstAt: timeSchema,
    lastAt: timeSchema,
  })
  .meta({ id: "Producer" });

const otherProducersSchema = z
  .strictObject({
    producers: countSchema,
    records: countSchema,
    calls: countSchema,
    billedCalls: countSchema,
    costNanoUsd: nanoUsdSchema,
  })
  .describe(
    `Producers beyond the ${PRODUCERS_MAX} with most calls, which no page lists; null: none.`,
  );

export const sourceRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/sources",
    operationId: "getSources",
    tag: "Sources",
    summary: "Who sent what, what became of it, and how much of the spend is known.",
    permission: "project.read",
    query: z.strictObject({ ...pageQuery, ...timeQuery }),
    success: {
      status: 200,
      description: "A page of producers, those with the most calls first; the coverage is of all.",
      schema: z.strictObject({
        coverage: coverageSchema,
        producers: z.array(producerSchema),
        nextCursor: pageOf(producerSchema).shape.nextCursor,
        otherProducers: otherProducersSchema.nullable(),
      }),
    },
    handle: async ({ console, projectId, query }) => {
      const range = rangeOf(query, console.services.now().getTime());
      const answer = await loadSources(console.lake, projectId, {
        ...range,
        producersMax: PRODUCERS_MAX,
      });
      const { items, nextCursor } = pageOfRanking(producerLines(answer), query, (line) => ({
        weights: [line.calls, line.records],
        identity: line.id,
      }));
      const producers = items.map((line) => toProducerJson(line));
      const otherProducers = toOthersJson(answer);
      return { body: { coverage: coverageOf(answer), producers, nextCursor, otherProducers } };
    },
  }),
];

function toOthersJson({ otherProducers }: SourcesAnswer) {
  if (otherProducers === undefined) return undefined;
  const { producers, records, calls, billedCalls, costNanoUsd } = otherProducers;
  return { producers, records, calls, billedCalls, costNanoUsd };
}

function toProducerJson({ firstUnixMs, lastUnixMs, ...line }: ProducerLine): Omit<
  ProducerLine,
  "id" | "firstUnixMs" | "lastUnixMs"
> & {
  readonly firstAt: Date;
  readonly lastAt: Date;
} {
  const { id: _id, ...figures } = line;
  return { ...figures, firstAt: new Date(firstUnixMs), lastAt: new Date(lastUnixMs) };
}
