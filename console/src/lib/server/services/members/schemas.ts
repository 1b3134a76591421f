import { z } from "zod";
import { ROLES, type Role } from "../../access/permissions.ts";

const roleSchema = z.enum(ROLES as [Role, ...Role[]], "must be one of the roles");

/** In lower case, as it is stored: addresses that differ in case alone are one person. */
export const emailSchema = z
  .string()
  .trim()
  .max(254, "has at most 254 characters")
  .toLowerCase()
  .pipe(z.email("must be one e-mail address"));

export const inviteSchema = z.object({ email: emailSchema, role: roleSchema });

export const changeRoleSchema = z.object({ userId: z.string().min(1).max(64), role: roleSchema });

export const removeMemberSchema = z.object({ userId: z.string().min(1).max(64) });

export const cancelInvitationSchema = z.object({ invitationId: z.string().min(1).max(64) });

export type InviteInput = z.infer<typeof inviteSchema>;
export type ChangeRoleInput = z.infer<typeof changeRoleSchema>;
