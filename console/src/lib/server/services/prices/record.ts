import { isDeepStrictEqual } from "node:util";
import { eq } from "drizzle-orm";
import { priceStatements } from "../../db/schema/price-statements.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion, type Transaction } from "../snapshot/raise-version.ts";
import type { PriceStatement } from "./schemas.ts";

export type RecordPricesResult =
  | {
      readonly kind: "recorded";
      readonly recorded: number;
      /** Those that say what was said last about the same thing. */
      readonly unchanged: number;
    }
  /** The project has said as much as a snapshot may carry. */
  | { readonly kind: "too_many"; readonly statementsMax: number };

/** A snapshot carries all of them, to every collector: about 300 bytes each. */
const STATEMENTS_MAX = 2_000;

interface RecordPricesInput {
  readonly projectId: string;
  readonly statements: readonly PriceStatement[];
}

/**
 * Adds statements about prices; calls that come from then on are priced by them. The project must exist; statements are trusted:
 * parse them with `priceStatementSchema` first. What was said before is never changed.
 */
export async function recordPrices(
  context: ServiceContext,
  { projectId, statements }: RecordPricesInput,
  actor: string,
): Promise<RecordPricesResult> {
  const now = context.now();
  return context.db.transaction(async (transaction): Promise<RecordPricesResult> => {
    // Also keeps two from taking the same number.
    await lockAuditLog(transaction);
    const { last, latest } = await readStatements(transaction, projectId);
    const added = statements.flatMap((statement) => {
      const before = latest.get(subjectOf(statement));
      if (isDeepStrictEqual(before, statement)) return [];
      latest.set(subjectOf(statement), statement);
      return [{ statement, before }];
    });
    if (last + added.length > STATEMENTS_MAX)
      return { kind: "too_many", statementsMax: STATEMENTS_MAX };
    for (const [index, { statement, before }] of added.entries()) {
      const recorded = { recordedAt: now, recordedBy: actor };
      await transaction
        .insert(priceStatements)
        .values({ projectId, number: last + index + 1, statement, ...recorded });
      await appendAudit(transaction, {
        at: now,
        actor,
        action: statement.withdrawn === true ? "price.withdraw" : "price.set",
        projectId,
        subjectId: nameOf(statement),
        before,
        after: statement,
      });
    }
    if (added.length > 0) await raiseControlVersion(transaction, now);
    return {
      kind: "recorded",
      recorded: added.length,
      unchanged: statements.length - added.length,
    };
  });
}

/** The number of the last statement, and what was said last about each thing. */
async function readStatements(
  transaction: Transaction,
  projectId: string,
): Promise<{ last: number; latest: Map<string, PriceStatement> }> {
  const rows = await transaction
    .select({ number: priceStatements.number, statement: priceStatements.statement })
    .from(priceStatements)
    .where(eq(priceStatements.projectId, projectId))
    .orderBy(priceStatements.number);
  return {
    last: rows.at(-1)?.number ?? 0,
    latest: new Map(rows.map(({ statement }) => [subjectOf(statement), statement])),
  };
}

/** What a statement is about, as the book tells two apart. */
function subjectOf({ provider, model, modelPrefix, serviceTier }: PriceStatement): string {
  const names = [model?.toLowerCase(), modelPrefix?.toLowerCase()];
  return JSON.stringify([provider, names, serviceTier]);
}

/** For people who read the audit log. */
function nameOf({ provider, model, modelPrefix }: PriceStatement): string {
  return `${provider} ${model ?? `${modelPrefix}*`}`;
}
