import { error } from "@sveltejs/kit";
import type { RecordName } from "@lensai/analytics/queries/call-detail";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { toWire, wireText, type CallArithmetic } from "../../arithmetic.ts";
import { callAttachments, callFacts } from "../../call-facts.ts";
import type { CallPageData } from "../../call-page-data.ts";
import { traceView } from "../../trace-view.ts";
import type { Console } from "../console.ts";
import { projectForApi, projectForPage } from "../access/authorize.ts";
import { failPage } from "../http/fail-page.ts";
import { knownProblem } from "../http/known-problem.ts";
import { problemResponse } from "../http/problem.ts";
import { loadArithmetic, loadCall } from "../lake/load-call.ts";
import { loadTrace } from "../lake/load-trace.ts";

/** What both addresses of a record, by ids and by place, have in common. */
export interface CallRequest {
  readonly projectId: string;
  readonly record: RecordName;
  readonly url: URL;
  readonly locals: App.Locals;
}

const NOT_FOUND = "There is no such call in this project, or its data has not landed yet.";

/** Everything that the page of one record shows. */
export async function loadCallPage(request: CallRequest): Promise<CallPageData> {
  const { locals, projectId } = request;
  const { project } = await projectForPage(locals, projectId, "calls.read");
  const row = await findRow(request).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  if (row === undefined) error(404, NOT_FOUND);
  const [arithmetic, trace] = await Promise.all([
    arithmeticOf(locals.console, row),
    loadTrace(locals.console.lake, row),
  ]).catch((failure: unknown) => failPage(failure, locals.requestId));
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    project,
    title: text("response_model") ?? text("request_model") ?? text("span_name") ?? "Call",
    status: text("status") ?? "unset",
    errorType: text("error_type"),
    statusMessage: text("status_message"),
    groups: callFacts(row),
    attachments: callAttachments(row),
    trace: trace && traceView(trace),
    arithmetic: toWire(arithmetic),
  };
}

/** The arithmetic alone, for programs and for the drawer. */
export async function answerArithmetic(request: CallRequest): Promise<Response> {
  const { locals, projectId } = request;
  try {
    const grant = await projectForApi(locals, projectId, "calls.read");
    if (grant instanceof Response) return grant;
    const row = await findRow(request);
    if (row === undefined) {
      return problemResponse({ status: 404, code: "query.not_found", detail: NOT_FOUND });
    }
    return new Response(wireText(await arithmeticOf(locals.console, row)), {
      headers: { "content-type": "application/json", "cache-control": "no-store" },
    });
  } catch (failure) {
    const problem = knownProblem(failure, locals.requestId);
    if (problem === undefined) throw failure;
    return problemResponse(problem);
  }
}

function findRow({ projectId, record, url, locals }: CallRequest): Promise<SpanRow | undefined> {
  const { lake, services } = locals.console;
  return loadCall(lake, {
    projectId,
    record,
    atUnixMs: parseStart(url.searchParams.get("at")),
    nowUnixMs: services.now().getTime(),
  });
}

async function arithmeticOf({ lake, prices }: Console, row: SpanRow): Promise<CallArithmetic> {
  return loadArithmetic(lake, row, await prices.current());
}

const parseStart = (text: string | null): number | undefined =>
  text !== null && /^\d{12,14}$/.test(text) ? Number(text) : undefined;
