import type { PlainColumn } from "@lensai/otel-config/span-row/row-batch";
import { JsonWriter } from "./json-writer.ts";
import type { TextRange } from "./text-interner.ts";

const FIRST_BYTES = 4096;

/** A JSON writer into memory of its own, for text that is interned instead of stored per row. */
export class ScratchJson {
  private readonly column: PlainColumn = {
    kind: "plain",
    starts: new Uint32Array(1),
    bytes: new Uint8Array(FIRST_BYTES),
    bytesLength: 0,
  };
  readonly writer = new JsonWriter(this.column);
  private readonly range: TextRange = {
    view: new DataView(this.column.bytes.buffer),
    from: 0,
    to: 0,
  };

  /** Starts over. */
  clear(): void {
    this.column.bytesLength = 0;
    this.writer.abandon();
  }

  /** Ends the value; undefined when none was begun. The range is valid until the next `clear`. */
  finish(): TextRange | undefined {
    if (!this.writer.isBegun) return undefined;
    this.writer.end(0);
    const { buffer, length } = this.column.bytes;
    // The arena may have grown.
    if (this.range.view.byteLength !== length) this.range.view = new DataView(buffer, 0, length);
    // The value follows its length word.
    this.range.from = 4;
    this.range.to = this.column.bytesLength;
    return this.range;
  }
}
