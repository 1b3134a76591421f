import { LensError } from "@lensai/otel-config/errors";

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

/** Reserves, or throws LensError `ingest.overloaded`. */
export function reserve(reservation: ByteReservation, bytes: number): void {
  if (reservation.tryReserve(bytes)) return;
  throw new LensError(
    "ingest.overloaded",
    "the collector holds too many requests at the moment; send again later",
    { retryable: true, retryAfterSeconds: 2 },
  );
}
