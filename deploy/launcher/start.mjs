import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/*
 * What `pnpm start` runs. In JavaScript, because Node's compiler of TypeScript stays in the memory of every process and
 * thread that has needed it: 20 to 35 MB each. Here and in all that is started from here, what it once made of a file
 * is read from a folder instead. A file that has changed is compiled where it is read, and costs that until the next
 * start.
 */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../../node_modules/.cache/lensai");
const folder = process.env.NODE_COMPILE_CACHE;
if (!existsSync(folder)) {
  // A start without the folder is only slower and larger.
  spawnSync(process.execPath, [join(import.meta.dirname, "compile.ts")], { stdio: "ignore" });
}
enableCompileCache(folder);
const { main } = await import("./main.ts");
await main();
