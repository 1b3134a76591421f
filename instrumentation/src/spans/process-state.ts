/**
 * What all copies of the package in a process share: an application can load it as an ES module and, through a
 * library, as CommonJS, and the one that was configured must serve both.
 */
export interface ProcessState {
  /** Starts the SDK of whoever configured this process, unless it runs or the application has its own. */
  start: (() => void) | undefined;
  /** Ends the spans that are still open; called before the last flush. */
  readonly endings: Set<() => void>;
}

const KEY = Symbol.for("lensai.process_state");

export function processState(): ProcessState {
  const holder = globalThis as { [KEY]?: ProcessState };
  return (holder[KEY] ??= { start: undefined, endings: new Set() });
}
