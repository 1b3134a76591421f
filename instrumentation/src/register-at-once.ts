import { configureLazily } from "./configure.ts";

// For `node --require`, which waits for nothing: the first calls by fetch do.
configureLazily();
