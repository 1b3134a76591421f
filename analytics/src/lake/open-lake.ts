import { LensError } from "@lensai/otel-config/errors";
import type { ObjectStore } from "../object-store/object-store.ts";
import { isRegion } from "./layout.ts";

/** One region of a lake: where its objects are. Raw rows never leave their region. */
export interface Lake {
  readonly store: ObjectStore;
  readonly region: string;
}

/** Throws `config.invalid` for a region that a key cannot hold. Makes no call to the store. */
export function openLake({ store, region }: Lake): Lake {
  if (!isRegion(region)) {
    throw new LensError(
      "config.invalid",
      `the region ${JSON.stringify(region)} cannot be used: 1 to 63 of a-z, 0-9 and inner dashes`,
    );
  }
  return { store, region };
}
