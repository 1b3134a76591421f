import { askConsole } from "./ask-console.ts";
import type { ConsoleApi } from "./ask-console.ts";

/** The console makes a snapshot after each, or after a few together. */
const AT_ONCE = 4;
/** A project may have 10,000. */
const PER_PROJECT = 5_000;

/**
 * Budgets of other projects: no process here is told of them, but they are in the snapshot that every change of a switch
 * makes anew.
 */
export async function makeOtherBudgets(console: ConsoleApi, count: number): Promise<void> {
  const projects = Array.from({ length: Math.ceil(count / PER_PROJECT) }, (_, at) => `other-${at}`);
  for (const id of projects)
    await askConsole(console, "POST", { path: "projects", body: { id, name: id } });
  let made = 0;
  const make = async (): Promise<void> => {
    while (made < count) {
      const number = made;
      made += 1;
      const body = {
        projectId: projects[Math.floor(number / PER_PROJECT)],
        name: `Team ${number}`,
        scope: { team: `team-${number}`, model: "gpt-5*" },
        limitNanoUsd: "5000000000",
        period: { kind: "month", timeZone: "Europe/Berlin", monthDay: 1 },
        mode: "enforce",
      };
      await askConsole(console, "POST", { path: "budgets", body });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, make));
}
