// Loads the instrumentation as it is, but its spans go nowhere: what is left of the difference is their export.
import { SpanDelivery } from "../src/export/span-delivery.ts";

SpanDelivery.prototype.onEnd = () => {};
await import("../src/register.ts");
