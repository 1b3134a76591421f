/** Counts the bytes that requests in flight hold, so that a flood is refused before memory runs out. */
export class ByteBudget {
  private heldBytes = 0;
  private readonly sizeBytesMax: number;

  constructor(sizeBytesMax: number) {
    this.sizeBytesMax = sizeBytesMax;
  }

  get inUseBytes(): number {
    return this.heldBytes;
  }

  open(): ByteReservation {
    let reservedBytes = 0;
    return {
      tryReserve: (bytes) => {
        if (this.heldBytes + bytes > this.sizeBytesMax) return false;
        this.heldBytes += bytes;
        reservedBytes += bytes;
        return true;
      },
      release: () => {
        this.heldBytes -= reservedBytes;
        reservedBytes = 0;
      },
    };
  }
}

/** What one request holds; it grows while bytes arrive. */
export interface ByteReservation {
  /** False, and nothing reserved, when the budget is used up. */
  tryReserve(bytes: number): boolean;
  /** Gives everything back; safe to call twice. */
  release(): void;
}
