import type { Principal } from "#lib/server/access/principal.ts";
import type { Console } from "#lib/server/console.ts";

declare global {
  namespace App {
    interface Locals {
      console: Console;
      /** Who asks; every project route passes it to `authorizeProject`. */
      principal: Principal;
      requestId: string;
    }
    interface Error {
      requestId?: string;
    }
  }
}

export {};
