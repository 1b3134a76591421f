import type { Command } from "./cli-context.ts";
import { compact } from "./compact.ts";
import { expire } from "./expire.ts";
import { pricesDiff } from "./prices-diff.ts";
import { pricesImport } from "./prices-import.ts";
import { pricesReprice } from "./prices-reprice.ts";
import { pricesSet } from "./prices-set.ts";
import { pricesShow } from "./prices-show.ts";
import { pricesUnknown } from "./prices-unknown.ts";
import { recompute } from "./recompute.ts";
import { reconcile } from "./reconcile.ts";
import { verifyLake } from "./verify-lake.ts";
import { verifyStatementFile } from "./verify-statement.ts";
import { verify } from "./verify.ts";

/** Every subcommand of `lensai`, in the order of its help. */
export const COMMANDS: readonly Command[] = [
  pricesShow,
  pricesSet,
  pricesImport,
  pricesDiff,
  pricesUnknown,
  pricesReprice,
  reconcile,
  recompute,
  compact,
  expire,
  verifyLake,
  verifyStatementFile,
  verify,
];
