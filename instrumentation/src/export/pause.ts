/** A wait that can be ended early, and that keeps no process alive. */
export class Pause {
  #end: (() => void) | undefined;

  start(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  end(): void {
    this.#end?.();
  }
}
