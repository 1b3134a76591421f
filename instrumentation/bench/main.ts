// What observing calls costs an application, beside the same application without it: npx pnpm@12 bench:instrumentation
//
// The application, the same without instrumentation, and the provider with the collector are processes of their own.
// Latency is what one call takes as long as the application has nothing else to do, without the time that the provider
// took: calls come one after the other, at a set rate that leaves the event loop idle between them. What is done behind an
// answer (reading it, making the span of the call, sending that) is in the CPU time per call, and becomes latency only
// of an application that is busy without a pause, where all added CPU time is waiting time of others: its share of a
// core is the CPU time per call times the calls per second. What the export of spans has in it is told apart by an
// application whose spans go nowhere, and what is noise by the application without instrumentation, twice. The applications
// make their calls by turns of a few, so that what else the machine does meets all of them.
//
// On a machine that others use, `--only path` is quieter: of the time of each call, only what the instrumentation has the
// thread for. It is spread over all that is run, none of which the processor remembers from the call before: less code and
// fewer objects is what counts. What is put off is run while a request waits for its provider: with a timer alone, it met one
// stream in ten and one small call in fifty, and was most of their slowest hundredth (612 µs of a stream's, 387 now). Tried for streams whose usage was not asked for (90 µs while their parts pass), and left:
// to look for the empty usage from the end of a part that is one event (100 µs), and to cut it out where it is (82 µs, but
// then somebody else's memory is changed). Tried for requests of 100 KB, and left: to read each as soon as it was sent, so that it
// is not kept until it is described (by turns with what there is, 50 µs more at the 25th percentile and 90 at the median).
import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import type { CallKind } from "./app.ts";
import { compareCalls, pathsOfCalls, quantileOf } from "./compare-calls.ts";
import type { Figures } from "./compare-calls.ts";
import { streamsMemory, callsMemory } from "./memory.ts";
import { App, MARKED, REGISTER, Servers, UNEXPORTED } from "./processes.ts";

const OPTIONS = {
  rounds: {
    type: "string",
    default: "100",
    value: "N",
    says: "rounds of 25 calls of each kind, by turns first and last",
  },
  "interval-ms": {
    type: "string",
    default: "5",
    value: "N",
    says: "from the start of one call to that of the next; 0: none waits",
  },
  calls: { type: "string", default: "200000", value: "N", says: "calls for the memory" },
  streams: {
    type: "string",
    default: "10000",
    value: "N",
    says: "streams that are open at the same time",
  },
  only: {
    type: "string",
    value: "NAME",
    says: "latency, path, memory or streams",
  },
  kind: {
    type: "string",
    value: "NAME",
    says: "only such calls: small, large, gzip, stream, gzip-stream or bare-stream",
  },
  ...HELP,
} as const;
const { values } = parseArgs({ options: OPTIONS });
if (values.help) {
  const does =
    "What observing calls costs an application, beside the same application without it: latency, what of it the\n" +
    "instrumentation has the thread for, and memory. It takes some twenty minutes; compare only within one run.";
  console.log(commandHelp("bench:instrumentation", does, OPTIONS));
  process.exit();
}
const isWanted = (name: string): boolean => values.only === undefined || values.only === name;

const KINDS: readonly (readonly [CallKind, string])[] = [
  ["small", "1 KB request"],
  ["large", "100 KB request"],
  ["gzip", "1 KB request, answer compressed"],
  ["stream", "stream of 50 parts"],
  ["gzip-stream", "the same, compressed"],
  ["bare-stream", "the same, usage not asked for"],
];
/** Of issue "Instrumentation": per call, at the median and at the 99th percentile. */
const P50_MICROS_MAX = 100;
const P99_MICROS_MAX = 1000;

/** Of what is put off: what somebody could notice. */
const MET_MICROS_MIN = 20;

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1).padStart(8);
const micros = (value: number): string => value.toFixed(0).padStart(7);
const verdict = (isMet: boolean): string => (isMet ? "met" : "MISSED");

function printFigures(name: string, { p50, p99, cpu }: Figures, more = ""): void {
  console.log(`${name.padEnd(32)} ${micros(p50)} ${micros(p99)} ${micros(cpu)}  ${more}`);
}

/** What a difference says that the same application has with itself: nothing, met or missed. */
function noteOf(added: Figures, noise: Figures): string {
  const drowned = (["p50", "p99"] as const).filter(
    (figure) => Math.abs(added[figure]) <= Math.abs(noise[figure]),
  );
  return drowned.length === 0 ? "" : `; ${drowned.join(" and ")} within the noise of this run`;
}

async function compareKind(kind: CallKind, name: string): Promise<void> {
  const rounds = Number(values.rounds);
  const intervalMs = Number(values["interval-ms"]);
  const { without, again, unexported, observed } = await compareCalls(apps, {
    kind,
    rounds,
    intervalMs,
  });
  const added = observed.beyond(without);
  const noise = again.beyond(without);
  printFigures(name, without.figures());
  printFigures(
    "  added",
    added,
    `p50 ${verdict(added.p50 < P50_MICROS_MAX)}, p99 ${verdict(added.p99 < P99_MICROS_MAX)}${noteOf(added, noise)}`,
  );
  printFigures("  of it by exporting", observed.beyond(unexported));
  printFigures("  of the same app twice", noise, "noise");
}

/** What of the added latency is the instrumentation's own, on a machine that others use as well. */
async function printPaths(kind: CallKind, name: string): Promise<void> {
  const app = await App.start(MARKED, servers.addresses);
  const paths = await pathsOfCalls(app, {
    kind,
    rounds: Number(values.rounds) / 4,
    intervalMs: Number(values["interval-ms"]),
  });
  await app.stop();
  const own = paths.map(({ micros: spent }) => spent);
  const before = paths.map(({ beforeMicros }) => beforeMicros);
  const withOthers = paths.map(({ micros: spent, metMicros }) => spent + metMicros);
  const met = paths.filter(({ metMicros }) => metMicros > MET_MICROS_MIN).length / paths.length;
  console.log(
    `${name.padEnd(32)} ${micros(quantileOf(own, 0.5))} (${quantileOf(before, 0.5).toFixed(0)}) ` +
      `${micros(quantileOf(withOthers, 0.99))} ${(met * 100).toFixed(1).padStart(6)} %`,
  );
}

const kinds = KINDS.filter(([kind]) => values.kind === undefined || values.kind === kind);
const servers = await Servers.start();
const apps = {
  without: await App.start([], servers.addresses),
  again: await App.start([], servers.addresses),
  observed: await App.start(REGISTER, servers.addresses),
  unexported: await App.start(UNEXPORTED, servers.addresses),
};
try {
  if (isWanted("latency")) {
    console.log(`${"µs per call".padEnd(36)} p50     p99     CPU`);
    for (const [kind, name] of kinds) await compareKind(kind, name);
    console.log("");
  }
  if (isWanted("path")) {
    console.log(
      "µs of the application's thread on the way of a call: median (of it before the request), 99th percentile with what was " +
        "put off of other calls, and how many calls met that",
    );
    for (const [kind, name] of kinds) await printPaths(kind, name);
    console.log("");
  }
  if (isWanted("memory")) {
    console.log("calls, heap and resident memory in MB, after collecting garbage:");
    const { bytesPerCall, calls, seconds } = await callsMemory(
      apps.observed,
      Number(values.calls),
      (step) =>
        console.log(
          `${String(step.calls).padStart(9)} ${megabytes(step.heapBytes)} ${megabytes(step.rssBytes)}`,
        ),
    );
    console.log(
      `${calls} calls in ${seconds.toFixed(0)} s; the heap grew by ${bytesPerCall.toFixed(2)} bytes per call in the second half: flat ${verdict(bytesPerCall < 1)}\n`,
    );
  }
  if (isWanted("streams")) {
    for (const name of ["without", "observed"] as const) {
      const { openBytes, leftBytes, rssBytes } = await streamsMemory(
        apps[name],
        servers,
        Number(values.streams),
      );
      console.log(
        `${values.streams} streams at once, ${name.padEnd(8)}: ${(openBytes / 1024).toFixed(1)} KB of heap each, ` +
          `${(leftBytes / 1024).toFixed(2)} KB each after their end; resident ${megabytes(rssBytes).trim()} MB`,
      );
    }
  }
} finally {
  await Promise.all([...Object.values(apps).map((app) => app.stop()), servers.stop()]);
}
