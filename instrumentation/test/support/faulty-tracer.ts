import type { Tracer } from "@opentelemetry/api";

/**
 * A tracer whose `fault`-th use, counted over itself and its spans, throws: also uses that are no calls.
 * `uses` tells how many there were.
 */
export function faultyTracer(
  tracer: Tracer,
  fault: number,
): { tracer: Tracer; uses: () => number } {
  let uses = 0;
  const faulty = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, key) {
        uses += 1;
        if (uses === fault) throw new RangeError(`use ${fault} of the tracer`);
        const member: unknown = Reflect.get(of, key);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          const result: unknown = Reflect.apply(member, of, args);
          return key === "startSpan" ? faulty(result as object) : result;
        };
      },
    });
  return { tracer: faulty(tracer), uses: () => uses };
}
