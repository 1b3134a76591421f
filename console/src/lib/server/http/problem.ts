/** RFC 9457 problem details; `code` is stable, `detail` says what to do. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

/** A 400 that names every field of a body that is wrong. */
export function invalidInput({ issues }: InvalidInput): Response {
  return problemResponse({ status: 400, code: "query.invalid", detail: issuesText({ issues }) });
}

/** What zod found wrong: "reason: say why; scope.team: must not be empty". */
export function issuesText({ issues }: InvalidInput): string {
  return issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`).join("; ");
}

interface InvalidInput {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}
