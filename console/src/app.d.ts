import type { Console } from "#lib/server/console.ts";

declare global {
  namespace App {
    interface Locals {
      console: Console;
      requestId: string;
    }
    interface Error {
      requestId?: string;
    }
  }
}

export {};
