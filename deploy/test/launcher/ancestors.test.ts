import { describe, expect, it } from "vitest";
import { packageManagersAbove, type ProcessInfo } from "../../launcher/ancestors.ts";

/** A line of processes, the launcher first; pids count up towards the root. */
const lineOf =
  (...commandLines: string[]) =>
  (pid: number): ProcessInfo | undefined => {
    const commandLine = commandLines[pid - 1];
    return commandLine === undefined ? undefined : { pid, parentPid: pid + 1, commandLine };
  };

describe("package managers above the launcher", () => {
  it("reach from pnpm's shell up to npx, not to the user's shell", () => {
    const look = lineOf(
      "node deploy/launcher/main.ts",
      "sh -c node deploy/launcher/main.ts",
      "pnpm start",
      "sh -c 'pnpm' start",
      "npm exec pnpm@12 start",
      "-bash",
      "sshd",
    );
    expect(packageManagersAbove(1, look).map(({ pid }) => pid)).toEqual([2, 3, 4, 5]);
  });

  it("are none when another program started it", () => {
    const look = lineOf("node deploy/launcher/main.ts", "node vitest", "pnpm test");
    expect(packageManagersAbove(1, look)).toEqual([]);
  });

  it("are none when a shell script started it", () => {
    const look = lineOf("node deploy/launcher/main.ts", "bash -c ./run", "systemd");
    expect(packageManagersAbove(1, look)).toEqual([]);
  });
});
