import { postToConsole } from "./post-to-console.ts";
import type { ToldConsole } from "./post-to-console.ts";

/**
 * Tells the console that something has landed, so that it need not look at the lake again and again: one request at a
 * time, and one more for all that landed meanwhile. What could not be told is not told again: a console looks by
 * itself as well, though seldom.
 */
export class LandingNews {
  private readonly console: ToldConsole;
  private telling: Promise<void> | undefined;
  private isUntold = false;

  constructor(console: ToldConsole) {
    this.console = console;
  }

  hasLanded(): void {
    if (this.console.url === undefined) return;
    this.isUntold = true;
    this.telling ??= this.tell().finally(() => (this.telling = undefined));
  }

  /** Resolves when everything was told. */
  async settled(): Promise<void> {
    await this.telling;
  }

  /** Never rejects. */
  private async tell(): Promise<void> {
    while (this.isUntold) {
      this.isUntold = false;
      // Why it fails, the control link says.
      await postToConsole(this.console, "internal/landings", { body: {} }).catch(() => undefined);
    }
  }
}
