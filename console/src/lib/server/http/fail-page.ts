import { error } from "@sveltejs/kit";
import { knownProblem } from "./known-problem.ts";

/** Ends the load of a page that could not be answered: people get the sentence of a known problem. */
export function failPage(failure: unknown, requestId: string): never {
  const problem = knownProblem(failure, requestId);
  if (problem === undefined) throw failure;
  error(problem.status, problem.detail);
}
