/** A documentation page as data. Pages are drawn from this, never from HTML text: nothing can be injected. */

export type DocInline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "emphasis" | "deleted"; readonly children: readonly DocInline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly DocInline[] }
  | { readonly kind: "image"; readonly src: string; readonly alt: string }
  | { readonly kind: "break" };

export type DocBlock =
  | {
      readonly kind: "heading";
      readonly depth: number;
      /** The fragment that links to it. */
      readonly id: string;
      readonly children: readonly DocInline[];
    }
  | { readonly kind: "paragraph"; readonly children: readonly DocInline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly DocBlock[] }
  | {
      readonly kind: "list";
      readonly isOrdered: boolean;
      readonly start: number;
      readonly items: readonly (readonly DocBlock[])[];
    }
  | { readonly kind: "rule" }
  | {
      readonly kind: "table";
      readonly head: readonly (readonly DocInline[])[];
      readonly rows: readonly (readonly (readonly DocInline[])[])[];
    };

interface DocLink {
  readonly href: string;
  readonly title: string;
}

export interface DocSection {
  readonly title: string;
  readonly pages: readonly DocLink[];
}
