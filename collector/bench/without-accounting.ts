import { Accounting } from "../src/pipeline/accounting.ts";

/**
 * Preloaded into a collector (`node --import`), leaves out what an attribute means: no dialect, no normal form of
 * usage, no price, and so nothing to decide about billing. Reading, masking, keeping and landing stay.
 */
Accounting.prototype.account = () => 0;
