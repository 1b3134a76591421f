import { z } from "zod";
import { projectIdSchema } from "../projects/project-id.ts";

export const startDrillSchema = z.object({ projectId: projectIdSchema });

export type StartDrillInput = z.infer<typeof startDrillSchema>;
