import { rolesGrantableBy, type Role } from "../../access/permissions.ts";

/** Who gives or takes roles in an organisation. */
export interface Grantor {
  readonly organizationId: string;
  /** Of the audit log. */
  readonly actor: string;
  /** His own role in the organisation. */
  readonly role: Role;
  /** Null: not a person with an account. */
  readonly userId: string | null;
}

export function mayGrant({ role }: Grantor, other: Role): boolean {
  return rolesGrantableBy(role).includes(other);
}
