import type { SecretBox } from "../../secrets/secret-box.ts";
import type { ServiceContext } from "../context.ts";

/** Services of channels also seal and open their secrets. */
export interface AlertContext extends ServiceContext {
  readonly secrets: SecretBox;
}
