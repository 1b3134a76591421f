/** Of an answer: how long the provider took, in milliseconds, from the last byte of the request to the first of the answer. */
export const HELD_HEADER = "x-held-ms";
