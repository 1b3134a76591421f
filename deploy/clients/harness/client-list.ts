import type { Client } from "./client.ts";
import { NODE_CLIENTS } from "./node-clients.ts";
import { PYTHON_CLIENTS } from "./python-clients.ts";

/** The clients that the harness drives. */
export const CLIENTS: readonly Client[] = [...NODE_CLIENTS, ...PYTHON_CLIENTS];
