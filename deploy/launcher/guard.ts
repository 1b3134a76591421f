import { spawn, type ChildProcess } from "node:child_process";
import { holdFor } from "@lensai/analytics/object-store/process-lock";

/**
 * A shell of half a megabyte that outlives the launcher by a few seconds. It learns the process groups on its
 * standard input; when that closes without a goodbye the launcher was killed, and the guard stops
 * the groups for it. Nothing inside the children has to know.
 */
export interface Guard {
  /** Stop this process group with this signal if the launcher dies. */
  watch(processGroup: number, signal: "INT" | "TERM"): void;
  /** It has ended by itself. */
  forget(processGroup: number): void;
  /** The children are stopped already: the guard may leave without doing anything. */
  dismiss(): void;
}

/** Half-second steps that children get to stop by themselves before they are killed. */
const PATIENCE_STEPS = 30;

// `kill -0` on a group succeeds while any member lives.
const GUARD_SCRIPT = `
trap '' INT TERM HUP
groups=''
while read -r verb group signal; do
  case $verb in
    watch) groups="$groups $signal:$group" ;;
    forget)
      kept=''
      for entry in $groups; do [ "\${entry#*:}" = "$group" ] || kept="$kept $entry"; done
      groups="$kept"
      ;;
    done) exit 0 ;;
  esac
done
for entry in $groups; do kill -s "\${entry%%:*}" -- "-\${entry#*:}" 2>/dev/null; done
step=0
while [ $step -lt ${PATIENCE_STEPS} ]; do
  alive=''
  for entry in $groups; do kill -s 0 -- "-\${entry#*:}" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && exit 0
  sleep 0.5
  step=$((step + 1))
done
for entry in $groups; do kill -s KILL -- "-\${entry#*:}" 2>/dev/null; done
`;

/** While it lives, `file` says so: whoever starts after a killed launcher waits for its guard to have stopped everything. */
export function startGuard(file: string): Guard {
  // Detached: a Ctrl-C in the terminal reaches the launcher's process group, not the guard.
  const shell: ChildProcess = spawn("sh", ["-c", GUARD_SCRIPT], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  const letGo = shell.pid === undefined ? () => undefined : holdFor(file, shell.pid);
  const tell = (line: string): void => {
    shell.stdin?.write(`${line}\n`);
  };
  // A guard that is gone (or never started) must not take the launcher with it.
  shell.on("error", () => undefined);
  shell.stdin?.on("error", () => undefined);
  return {
    watch: (processGroup, signal) => tell(`watch ${processGroup} ${signal}`),
    forget: (processGroup) => tell(`forget ${processGroup}`),
    dismiss: () => {
      tell("done");
      shell.stdin?.end();
      letGo();
    },
  };
}
