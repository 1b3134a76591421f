import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { context } from "@opentelemetry/api";

type Callable = (...args: never[]) => Promise<unknown>;
type Call = (this: AsyncCaller, callable: Callable, ...args: unknown[]) => Promise<unknown>;
type CallWithOptions = (
  this: AsyncCaller,
  ...args: [options: unknown, callable: Callable, ...args: unknown[]]
) => Promise<unknown>;

/** Shared by all copies of the adapter; on the class, because LangChain can be there more than once, too. */
const KEPT = Symbol.for("lensai.queued_calls");

/**
 * Where `maxConcurrency` is set, LangChain's queue makes a call in the course of whichever call ended before it,
 * and the call would be taken for a part of that. From now on a call is made in the context that asked for it.
 */
export function keepContextInQueues(): void {
  const prototype = AsyncCaller.prototype as { call: Call; callWithOptions: CallWithOptions };
  if (Object.hasOwn(prototype, KEPT)) return;
  const { call, callWithOptions } = prototype;
  prototype.call = function inContext(callable, ...args) {
    return call.call(this, bound(callable), ...args);
  };
  prototype.callWithOptions = function inContext(...[options, callable, ...args]) {
    return callWithOptions.call(this, options, bound(callable), ...args);
  };
  Object.defineProperty(prototype, KEPT, { value: true });
}

const bound = (callable: Callable): Callable => context.bind(context.active(), callable);
