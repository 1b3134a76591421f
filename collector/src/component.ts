/**
 * A part of the collector with a life of its own. Parts start back to front (what others rely on first)
 * and stop front to back.
 */
export interface Component {
  readonly name: string;
  /** Resolves once the part serves. A part that failed to start needs no stop. */
  start(): Promise<void>;
  /** Finishes what was begun, then resolves. Safe to call twice and before start. */
  stop(): Promise<void>;
}

/** Starts in order; when one fails, stops the started ones in reverse and throws its error. */
export async function startAll(components: readonly Component[]): Promise<void> {
  const started: Component[] = [];
  for (const component of components) {
    try {
      await component.start();
      started.push(component);
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  }
}

/** Stops in reverse order; every part is stopped even when one fails, then the failures are thrown. */
export async function stopAll(components: readonly Component[]): Promise<void> {
  const failures: unknown[] = [];
  for (const component of components.toReversed()) {
    try {
      await component.stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, "several parts failed to stop");
}
