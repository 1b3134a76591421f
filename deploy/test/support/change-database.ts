import { join } from "node:path";
import { choosePostgresPlace } from "../../launcher/postgres-place.ts";
import { runProgram } from "../../launcher/run-program.ts";

/** Runs one statement in the database of a data folder whose LensAI has ended; no server and no driver are needed. */
export async function changeDatabase(dataDir: string, statement: string): Promise<void> {
  const { native, cluster, account } = choosePostgresPlace(dataDir);
  const { isSuccess, output } = await runProgram({
    command: join(native, "bin", "postgres"),
    args: ["--single", "-j", "-D", cluster, "lensai"],
    options: { cwd: "/", env: { LC_ALL: "C", TZ: "UTC" }, ...account },
    input: `${statement};\n\n`,
  });
  if (!isSuccess || output.includes("ERROR")) throw new Error(`${statement}: ${output}`);
}
