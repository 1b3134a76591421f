import type { ServiceContext } from "../context.ts";

const RANDOM_BYTES = 9;

export const memberId = ({ randomBytes }: Pick<ServiceContext, "randomBytes">): string =>
  `member_${Buffer.from(randomBytes(RANDOM_BYTES)).toString("base64url")}`;
