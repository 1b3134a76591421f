import { writeGenerated } from "./write-generated.ts";

for (const path of writeGenerated()) process.stdout.write(`wrote ${path}\n`);
