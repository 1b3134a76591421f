import type { LeaseFigures, LeaseHolder, LeaseSource } from "../../src/guard/lease-source.ts";

/** A ledger that grants so much at once, and answers to nothing more until it is told to. */
export class SlowLedger implements LeaseSource {
  readonly #firstNano: number;
  #holder: LeaseHolder | undefined;
  asked = 0;

  constructor(firstNano: number) {
    this.#firstNano = firstNano;
  }

  ask(holder: LeaseHolder): void {
    this.asked += 1;
    this.#holder = holder;
    if (this.asked === 1) this.answer(this.#firstNano, -Infinity);
  }

  answer(grantedNano: number, retryAtMs = Infinity): void {
    const lease = {
      id: "lease_1",
      grantedNano,
      expiresAtMs: Infinity,
      lowWaterNano: 0,
      tellAtNano: Infinity,
      freeNano: 0,
      lentNano: 0,
    };
    this.#holder?.receive({ kind: "lease", lease, retryAtMs });
  }

  get figures(): LeaseFigures {
    return (this.#holder as LeaseHolder).figures;
  }

  changed(): void {}
  close(): void {}
}
