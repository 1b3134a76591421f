/** Something a person should know about a call, in whole sentences. */
export interface Finding {
  /** Stable, for programs. */
  readonly code: string;
  readonly text: string;
  /** What would change it; undefined when nothing is wrong or nothing can be done. */
  readonly advice: string | undefined;
  /** A command that does it, ready for a shell. */
  readonly command: string | undefined;
}
