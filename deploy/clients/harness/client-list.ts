import type { Client } from "./client.ts";
import { GO_CLIENTS } from "./go-clients.ts";
import { JAVA_CLIENTS } from "./java-clients.ts";
import { NODE_FRAMEWORK_CLIENTS } from "./node-framework-clients.ts";
import { NODE_SDK_CLIENTS } from "./node-sdk-clients.ts";
import { PYTHON_FRAMEWORK_CLIENTS } from "./python-framework-clients.ts";
import { PYTHON_SDK_CLIENTS } from "./python-sdk-clients.ts";

/** The clients that the harness drives. */
export const CLIENTS: readonly Client[] = [
  ...NODE_SDK_CLIENTS,
  ...NODE_FRAMEWORK_CLIENTS,
  ...PYTHON_SDK_CLIENTS,
  ...PYTHON_FRAMEWORK_CLIENTS,
  ...JAVA_CLIENTS,
  ...GO_CLIENTS,
];
