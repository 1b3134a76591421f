import { clientLosses } from "@lensai/analytics/queries/client-losses";
import { ingestOutcomes } from "@lensai/analytics/queries/ingest-outcomes";
import { possibleRepeats } from "@lensai/analytics/queries/possible-repeats";
import { MAX_PRODUCERS, producerFigures } from "@lensai/analytics/queries/producer-figures";
import { producerFindings } from "@lensai/analytics/queries/producer-findings";
import type { TimeRange } from "@lensai/analytics/queries/query-source";
import { unpricedModels } from "@lensai/analytics/queries/unpriced-models";
import type { SourcesAnswer } from "../../sources.ts";
import type { LakeReader } from "./lake-reader.ts";

/** More producers than one person looks after; beyond it those with the fewest calls are one line. */
const PRODUCERS_SHOWN = 200;
/** For programs, which page through them. */
export const PRODUCERS_MAX = MAX_PRODUCERS;
const DETAILS_MAX = 1000;
const MODELS_SHOWN = 200;

export interface SourcesQuestion extends TimeRange {
  /** How many producers, those with the most calls first. */
  readonly producersMax?: number;
}

/** Everything that the page of sources shows. Rejects with the lake's or the query's LensError. */
export async function loadSources(
  lake: LakeReader,
  projectId: string,
  { fromUnixMs, toUnixMs, producersMax = PRODUCERS_SHOWN }: SourcesQuestion,
): Promise<SourcesAnswer> {
  await lake.refresh();
  const within = { fromUnixMs, toUnixMs };
  return lake.ask({ name: `sources ${producersMax}`, projectId, ...within }, async (target) => {
    const details = { ...within, limit: DETAILS_MAX };
    const [ranked, findings, repeats, unpriced, outcomes, losses] = await Promise.all([
      producerFigures(projectId, { ...within, limit: producersMax }, target),
      producerFindings(projectId, details, target),
      possibleRepeats(projectId, within, target),
      unpricedModels(projectId, { ...within, limit: MODELS_SHOWN }, target),
      ingestOutcomes(projectId, details, target),
      clientLosses(projectId, details, target),
    ]);
    return {
      figures: ranked.producers,
      otherProducers: ranked.others,
      findings,
      repeats,
      unpriced: unpriced.models,
      otherUnpriced: unpriced.others,
      outcomes,
      losses,
    };
  });
}
