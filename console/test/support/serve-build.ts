import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Serves the built console on loopback, whatever HOST tells it about where it is. PORT must be free. */
const handlerFile = join(import.meta.dirname, "../../build/handler.js");
const { handler } = (await import(pathToFileURL(handlerFile).href)) as {
  readonly handler: Parameters<typeof createServer>[1];
};
createServer(handler).listen(Number(process.env["PORT"]), "127.0.0.1");
