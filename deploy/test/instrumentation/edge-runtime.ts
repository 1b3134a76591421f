import { readFileSync } from "node:fs";
import path from "node:path";
import { createContext, runInContext } from "node:vm";
import * as api from "@opentelemetry/api";

/** What edge runtimes (Workers, Vercel Edge) have beside the language; nothing of Node. */
const WEB = {
  AbortController,
  AbortSignal,
  Blob,
  FormData,
  Headers,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  TransformStream,
  URL,
  atob,
  btoa,
  clearTimeout,
  crypto,
  fetch,
  performance,
  queueMicrotask,
  setTimeout,
};

interface EdgeRuntime {
  /** Runs a CommonJS file of the folder and answers with its exports. */
  load(file: string): unknown;
  /** Packages that were asked for. */
  readonly imported: ReadonlySet<string>;
}

/** Runs built files where there is only the web's platform. */
export function edgeRuntime(folder: string): EdgeRuntime {
  const context = createContext({ ...WEB });
  const imported = new Set<string>();
  const modules = new Map<string, { exports: unknown }>();
  const load = (file: string): unknown => {
    const known = modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const require = (name: string): unknown => {
      if (name.startsWith(".")) return load(path.join(path.dirname(file), name));
      imported.add(name);
      if (name === "@opentelemetry/api") return api;
      throw new Error(`there is no ${name} at the edge`);
    };
    const source = readFileSync(path.join(folder, file), "utf8");
    const run = runInContext(`(function (module, exports, require) {${source}\n})`, context, {
      filename: file,
    }) as (...of: unknown[]) => void;
    run(module, module.exports, require);
    return module.exports;
  };
  return { load, imported };
}
