/** Where progress is shown. */
export interface ProgressSink {
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

export interface Progress {
  /** `done` of `total` steps, and a word about them. */
  update(done: number, note: string): void;
  end(): void;
}

const BAR_WIDTH = 30;
/** Without a terminal a line is printed each time another tenth is done. */
const LINES_WITHOUT_TERMINAL = 10;

/** A bar that redraws itself on a terminal and prints a few plain lines elsewhere. */
export function createProgress(sink: ProgressSink, total: number): Progress {
  let linesPrinted = -1;
  return {
    update: (done, note) => {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const percent = `${Math.floor(share * 100)}`.padStart(3);
      if (sink.isTerminal) {
        const filled = Math.round(share * BAR_WIDTH);
        const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
        sink.write(`\r${`${bar} ${percent}%  ${note}`.slice(0, sink.columns - 1)}\u001B[K`);
        return;
      }
      const line = Math.floor(share * LINES_WITHOUT_TERMINAL);
      if (line === linesPrinted) return;
      linesPrinted = line;
      sink.write(`${percent}%  ${note}\n`);
    },
    end: () => {
      if (sink.isTerminal) sink.write("\n");
    },
  };
}
