import { fail, redirect } from "@sveltejs/kit";
import { statementOf } from "#lib/prices/price-fields.ts";
import { statementStates } from "#lib/prices/statement-state.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { loadModelsInUse } from "#lib/server/lake/load-models-in-use.ts";
import { askedPrice, usedModel, type AskedModel } from "#lib/server/prices/price-page.ts";
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import { listRecordedPrices } from "#lib/server/services/prices/list.ts";
import { recordPrices, type RecordPricesResult } from "#lib/server/services/prices/record.ts";
import { priceStatementSchema, setPricesSchema } from "#lib/server/services/prices/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

/** More were never made by hand; the API lists all. */
const STATEMENTS_SHOWN = 200;
const NAME_CHARACTERS_MAX = 512;

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:prices");
  await parent();
  const { services, lake, prices } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const at = services.now();
  const where = { projectId: project.id, at };
  const asked = askedIn(url.searchParams);
  try {
    const [book, used, recorded] = await Promise.all([
      prices.current(),
      loadModelsInUse(lake, project.id, at.getTime()),
      listRecordedPrices(services.db, project.id),
    ]);
    const states = statementStates(recorded, at.getTime());
    const actors = recorded.map(({ entry }) => entry.recordedBy);
    return {
      project: { id: project.id, name: project.name },
      asked,
      price: askedPrice(book, asked, where),
      bookVersion: book.version,
      models: used.map((model) => usedModel(book, model, where)),
      statements: recorded.slice(0, STATEMENTS_SHOWN).map(({ number, entry }) => ({
        number,
        entry,
        state: states.get(number) ?? "holds",
      })),
      names: await actorNames(services.db, project.organizationId, actors),
      mayChange: may("prices.manage"),
    };
  } catch (failure) {
    failPage(failure, locals.requestId);
  }
};

function askedIn(query: URLSearchParams): AskedModel {
  const text = (name: string): string =>
    (query.get(name) ?? "").trim().slice(0, NAME_CHARACTERS_MAX);
  return { provider: text("provider"), model: text("model"), serviceTier: text("serviceTier") };
}

export const actions: Actions = {
  set: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "prices.manage");
    const form = await request.formData();
    const fields = fieldsOf(form);
    const input = priceStatementSchema.safeParse(statementOf(form));
    if (!input.success) return fail(400, { problem: issuesText(input.error), fields });
    const statement = input.data;
    const result = await recordPrices(
      locals.console.services,
      { projectId, statements: [statement] },
      actor,
    );
    const problem = problemOf(result);
    if (problem !== undefined) return fail(409, { problem, fields });
    const { provider, model = fields["model"] ?? "", serviceTier } = statement;
    const query = new URLSearchParams({ provider, model, serviceTier });
    redirect(303, `/projects/${projectId}/prices?${query}`);
  },
  import: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "prices.manage");
    const { document: text = "" } = fieldsOf(await request.formData());
    const input = setPricesSchema.safeParse(documentIn(text));
    if (!input.success) return fail(400, { problem: issuesText(input.error), document: text });
    const statements = input.data.overrides;
    const result = await recordPrices(locals.console.services, { projectId, statements }, actor);
    const problem = problemOf(result);
    if (problem !== undefined) return fail(409, { problem, document: text });
    return { done: doneWords(result) };
  },
};

/** A price document's entries, or a bare list of them. What is not JSON is refused as what it is. */
function documentIn(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text);
    if (Array.isArray(document)) return { overrides: document as unknown[] };
    const { entries } = document as { entries?: unknown };
    return entries === undefined ? document : { overrides: entries };
  } catch {
    return text;
  }
}

function problemOf(result: RecordPricesResult): string | undefined {
  return result.kind === "recorded"
    ? undefined
    : `a project makes at most ${result.statementsMax} statements about prices: put more into the price file of the collectors`;
}

function doneWords(result: RecordPricesResult): string {
  if (result.kind !== "recorded") return "";
  const { recorded, unchanged } = result;
  const known = unchanged === 0 ? "" : `, ${unchanged} said nothing new`;
  return `${recorded} recorded${known}. They hold for calls from now on.`;
}

/** For the form to show again. */
const fieldsOf = (form: FormData): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...form].flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
