import { startServers } from "./servers.ts";
import { mkdtempSync } from "node:fs";
const f = mkdtempSync("/tmp/zzb-");
const t = setInterval(() => console.log("..."), 5000);
const s = await startServers(f, "/tmp/lensai-bench-otelcol");
console.log(s.map((x) => x.name + ":" + x.port));
await Promise.all(s.map((x) => x.stop()));
clearInterval(t);
