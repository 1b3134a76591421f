import { configureLazily } from "./configure.ts";

// For `node --import`: importing it is what starts it. The application begins when its calls can be decided about.
await configureLazily().ready;
