/** A few (column, code) pairs that hold for many rows: walked for every row, so arrays and no map. */
export class CodeList {
  readonly columns: number[] = [];
  readonly values: number[] = [];

  set(column: number, code: number): void {
    const at = this.columns.indexOf(column);
    if (at >= 0) this.values[at] = code;
    else {
      this.columns.push(column);
      this.values.push(code);
    }
  }

  delete(column: number): void {
    const at = this.columns.indexOf(column);
    if (at < 0) return;
    this.columns.splice(at, 1);
    this.values.splice(at, 1);
  }

  clear(): void {
    this.columns.length = 0;
    this.values.length = 0;
  }
}
