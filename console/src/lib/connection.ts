/** State of a page's live stream. */
export type Connection = "connecting" | "live" | "lost";
