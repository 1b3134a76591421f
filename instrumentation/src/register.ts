import { configureLazily } from "./configure.ts";

// For `node --import`: importing it is what starts it.
configureLazily();
