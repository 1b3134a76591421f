/**
 * Runs work that nobody waits for, in the order in which it was given: what is on its way to a provider has left by then,
 * and what is on its way to the application has reached it.
 */
export type Later = (work: () => void) => void;

/** Where nothing runs after an answer, as in functions at the edge. */
export const atOnce: Later = (work) => work();
