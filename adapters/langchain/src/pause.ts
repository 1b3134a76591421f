/**
 * LangGraph throws to stop a graph until a person has answered, and to go on in another graph: the work has not
 * failed, and is reported as an error all the same.
 */
export function isPause(error: unknown): boolean {
  return error instanceof Error && "is_bubble_up" in error && error.is_bubble_up === true;
}
