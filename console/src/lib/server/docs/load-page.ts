import type { DocBlock, DocSection } from "../../docs/doc-node.ts";
import { openApiDocument } from "../api/openapi.ts";
import { API_ROUTES } from "../api/routes.ts";
import { apiReference } from "./api-reference.ts";
import { parseMarkdown } from "./parse-markdown.ts";

export interface DocPage {
  readonly title: string;
  readonly blocks: readonly DocBlock[];
}

export const FIRST_PAGE = "quick-start";

/** Part of the build: the site always shows the documentation of its own version. */
const sources = import.meta.glob<string>("../../../../content/**/*.md", {
  query: "?raw",
  import: "default",
  eager: true,
});
const images = import.meta.glob<string>("../../../../content/**/*.{png,svg}", {
  query: "?url",
  import: "default",
  eager: true,
});

/** What newcomers read first; the other pages follow by title. */
const READING_ORDER: readonly string[] = [
  FIRST_PAGE,
  "sending-data",
  "signed-exports",
  "control-endpoint",
  "ready-files",
  "guard",
  "how-budgets-hold",
  "budgets",
  "budgets-bench",
  "kill-switch",
  "alerts",
  "billing",
  "accounts",
  "api-keys",
  "dialects",
  "billing-once",
  "project-page",
  "what-a-200-means",
  "retention",
  "prices",
  "reconcile",
  "redaction",
  "api",
  "api/reference",
  "settings",
  "errors",
];

/** The one page that nobody writes: it is made of the routes of the API. */
const API_REFERENCE = { slug: "api/reference", title: "API reference" } as const;

const SECTIONS: readonly { readonly title: string; readonly folder: string }[] = [
  { title: "Documentation", folder: "docs" },
  { title: "Security", folder: "security" },
  { title: "Decisions", folder: "adr" },
];

/** Slug of a page by its path below content/: "docs/a.md" is "a", "adr/b.md" is "adr/b". */
function slugOf(contentPath: string): string | undefined {
  const match = /^(?:docs\/|)(.+)\.md$/.exec(contentPath);
  return match?.[1];
}

const contentPathOf = (modulePath: string): string =>
  modulePath.replace("../../../../content/", "");

const pathBySlug = new Map(
  Object.keys(sources).flatMap((modulePath): [string, string][] => {
    const slug = slugOf(contentPathOf(modulePath));
    return slug === undefined ? [] : [[slug, modulePath]];
  }),
);

/** Undefined when there is no such page. */
export function loadDocPage(slug: string): DocPage | undefined {
  if (slug === API_REFERENCE.slug) {
    return { title: API_REFERENCE.title, blocks: apiReference(openApiDocument(API_ROUTES)) };
  }
  const modulePath = pathBySlug.get(slug);
  if (modulePath === undefined) return undefined;
  const source = sources[modulePath] ?? "";
  const folder = contentPathOf(modulePath).replace(/[^/]*$/, "");
  const blocks = parseMarkdown(source, {
    resolveLink: (href) => resolveLink(href, folder),
    resolveImage: (href) => images[`../../../../content/${resolvePath(href, folder)}`],
  });
  return { title: titleOf(source, slug), blocks };
}

export function docSections(): DocSection[] {
  return SECTIONS.map(({ title, folder }) => ({ title, pages: pagesOf(folder) })).filter(
    (section) => section.pages.length > 0,
  );
}

function pagesOf(folder: string): { href: string; title: string }[] {
  const pages = [...pathBySlug].flatMap(([slug, modulePath]) =>
    contentPathOf(modulePath).startsWith(`${folder}/`)
      ? [{ slug, href: `/docs/${slug}`, title: titleOf(sources[modulePath] ?? "", slug) }]
      : [],
  );
  const made = { ...API_REFERENCE, href: `/docs/${API_REFERENCE.slug}` };
  if (folder === "docs") pages.push(made);
  return pages
    .toSorted((a, b) => rank(a.slug) - rank(b.slug) || (a.title < b.title ? -1 : 1))
    .map(({ href, title }) => ({ href, title }));
}

function rank(slug: string): number {
  const index = READING_ORDER.indexOf(slug);
  return index === -1 ? READING_ORDER.length : index;
}

const titleOf = (source: string, slug: string): string =>
  /^# (.+)$/m.exec(source)?.[1]?.trim() ?? slug;

/** Web addresses and fragments stay; a page of the documentation becomes its place on the site. */
export function resolveLink(href: string, folder: string): string | undefined {
  if (/^(?:https?:|mailto:|#)/i.test(href)) return href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return undefined;
  const [path = "", fragment] = href.split("#");
  const slug = slugOf(resolvePath(path, folder));
  if (slug === undefined || !pathBySlug.has(slug)) return undefined;
  return fragment === undefined ? `/docs/${slug}` : `/docs/${slug}#${fragment}`;
}

/** A relative path below content/, without "." and "..". */
function resolvePath(path: string, folder: string): string {
  return new URL(path, `file:///${folder}`).pathname.slice(1);
}
