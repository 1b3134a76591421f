import type { ColumnInterner, TextRange } from "./text-interner.ts";

/** A text of the record being decoded, and the column that was the last to give it an id. */
export interface ColumnText extends TextRange {
  readonly isSet: boolean;
  readonly interner: ColumnInterner;
}

const decoder = new TextDecoder();

/** Values computed once per distinct text of one column, found by the id that the column gave the text. */
export class ColumnValues<T> {
  private generation = 0;
  private values: T[] = [];
  private readonly compute: (text: string) => T;

  constructor(compute: (text: string) => T) {
    this.compute = compute;
  }

  get({ interner, view, from, to }: ColumnText): T {
    if (this.generation !== interner.generation) {
      this.generation = interner.generation;
      this.values = [];
    }
    const known = this.values[interner.id];
    if (known !== undefined) return known;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + from, to - from);
    const value = this.compute(decoder.decode(bytes));
    this.values[interner.id] = value;
    return value;
  }
}

/** A text of the current record in a dictionary column, or none. */
export class RecordText implements ColumnText {
  view: DataView = new DataView(new ArrayBuffer(0));
  from = 0;
  to = 0;
  isSet = false;
  readonly interner: ColumnInterner;

  constructor(interner: ColumnInterner) {
    this.interner = interner;
  }

  /** The text was just written into the column. */
  set({ view, from, to }: TextRange): void {
    // Nearly all texts lie in one message, and to store an object that is new costs as much as all the rest of this.
    if (this.view !== view) this.view = view;
    this.from = from;
    this.to = to;
    this.isSet = true;
  }
}
