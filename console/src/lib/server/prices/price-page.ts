import type { ModelInUse } from "@lensai/analytics/queries/models-in-use";
import { callPrices } from "@lensai/otel-config/pricing/call-prices";
import type { PriceAnswer, PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { BookPrices } from "@lensai/otel-config/pricing/unit-prices";

/** What was asked about in the address of the page; "" where nothing was. */
export interface AskedModel {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
}

/** What a model costs, as a page shows it. */
export interface ShownPrice {
  /** Undefined: unknown. */
  readonly prices: BookPrices | undefined;
  readonly gap: PriceAnswer["gap"];
  /** Who says so besides the list, in the order in which they changed the price. */
  readonly overrides: readonly {
    readonly isOfProject: boolean;
    readonly source: string;
    readonly recordedBy: string;
    readonly recordedAt: Date;
  }[];
  /** The price is another one before and from then on; undefined: no such time is known. */
  readonly from: Date | undefined;
  readonly until: Date | undefined;
}

export interface UsedModel extends ModelInUse {
  readonly price: ShownPrice;
}

interface Where {
  readonly projectId: string;
  readonly at: Date;
}

/** Undefined when the address names no model. */
export function askedPrice(
  book: PriceBook,
  { provider, model, serviceTier }: AskedModel,
  { projectId, at }: Where,
): ShownPrice | undefined {
  if (model === "") return undefined;
  const answer = book.resolve({
    provider: provider === "" ? undefined : provider,
    model,
    serviceTier,
    at,
    projectId,
  });
  return shown(answer);
}

/** As its calls are priced now. */
export function usedModel(book: PriceBook, used: ModelInUse, { projectId, at }: Where): UsedModel {
  const { provider, model, requestModel, serviceTier } = used;
  const subject = { provider, serviceTier, projectId, at };
  const answer = callPrices(book, { ...subject, responseModel: model, requestModel });
  return { ...used, price: shown(answer) };
}

function shown(answer: PriceAnswer | undefined): ShownPrice {
  return {
    prices: answer?.named,
    gap: answer?.gap,
    overrides: (answer?.overrides ?? []).map(({ entry }) => ({
      isOfProject: entry.projectId !== undefined,
      source: entry.source,
      recordedBy: entry.recordedBy,
      recordedAt: entry.recordedAt,
    })),
    from: timeOf(answer?.validFromMs),
    until: timeOf(answer?.validUntilMs),
  };
}

const timeOf = (ms: number | undefined): Date | undefined =>
  ms === undefined || !Number.isFinite(ms) ? undefined : new Date(ms);
