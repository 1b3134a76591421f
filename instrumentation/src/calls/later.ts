/** Runs work once what is on its way to the application has reached it, in the order in which it was given. */
export type Later = (work: () => void) => void;

/** Where nothing runs after an answer, as in functions at the edge. */
export const atOnce: Later = (work) => work();
