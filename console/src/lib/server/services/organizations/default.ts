/** Created with the database; the organisation of projects that were created without one. */
export const DEFAULT_ORGANIZATION_ID = "default";
