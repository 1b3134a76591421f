import { registerConfigureHook, setContextVariable } from "@langchain/core/context";
import { LensHandler } from "./lens-handler.ts";

const VARIABLE = "lensai_handler";

/**
 * Adds a handler to every run from now on, so that no call needs `callbacks`. LangChain keeps this in the
 * asynchronous context: call it where the program starts, before servers listen and timers are set. A second
 * call changes nothing.
 */
export function registerHandler(): void {
  setContextVariable(VARIABLE, new LensHandler());
  registerConfigureHook({ contextVar: VARIABLE });
}
