/** Where the API is; within a version, changes only add. */
export const API_PATH = "/api/v1";
