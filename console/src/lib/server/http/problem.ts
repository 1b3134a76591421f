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
