import { expect, test } from "vitest";
import { docSections, loadDocPage, resolveLink } from "#lib/server/docs/load-page.ts";
import { headingId, parseMarkdown } from "#lib/server/docs/parse-markdown.ts";

const context = {
  resolveLink: (href: string) => (href.startsWith("javascript:") ? undefined : href),
  resolveImage: () => undefined,
};
const parse = (source: string) => parseMarkdown(source, context);

test("reads headings, lists, tables and code", () => {
  expect(
    parse("# A *b* `c`\n\n- one\n- two\n\n| h |\n|---|\n| x |\n\n```sh\nls\n```\n"),
  ).toMatchObject([
    { kind: "heading", depth: 1, id: "a-b-c" },
    { kind: "list", isOrdered: false, items: [{}, {}] },
    { kind: "table", rows: [[[{ kind: "text", text: "x" }]]] },
    { kind: "code", language: "sh", text: "ls" },
  ]);
});

test("shows HTML as text", () => {
  const blocks = parse("<script>alert(1)</script>\n\ntext <b onclick=x>bold</b>");
  expect(blocks[0]).toEqual({
    kind: "paragraph",
    children: [{ kind: "text", text: "<script>alert(1)</script>" }],
  });
  expect(JSON.stringify(blocks[1])).toContain("<b onclick=x>");
});

test("leaves comments out", () => {
  expect(parse("<!-- generated:x -->\n\ntext")).toMatchObject([{ kind: "paragraph" }]);
  expect(parse("<!-- a --> <b>x</b> <!-- b -->")).toHaveLength(1);
});

test("takes a package version for text, not for an address of somebody", () => {
  expect(JSON.stringify(parse("see pkg@1.2.3 and me@example.com"))).not.toContain('"link"');
});

test("keeps the text of a link that leads nowhere good", () => {
  expect(parse("[click](javascript:alert(1))")).toEqual([
    { kind: "paragraph", children: [{ kind: "text", text: "click" }] },
  ]);
});

test("turns links between the files into links between the pages", () => {
  expect(resolveLink("glossary.md", "docs/")).toBe("/docs/glossary");
  expect(resolveLink("glossary.md#unknown", "docs/")).toBe("/docs/glossary#unknown");
  expect(resolveLink("../adr/0001-control-snapshot.md", "docs/")).toBe(
    "/docs/adr/0001-control-snapshot",
  );
  expect(resolveLink("../docs/glossary.md", "adr/")).toBe("/docs/glossary");
  expect(resolveLink("https://example.com/x.md", "docs/")).toBe("https://example.com/x.md");
  expect(resolveLink("javascript:alert(1)", "docs/")).toBeUndefined();
  expect(resolveLink("../../src/env.ts", "docs/")).toBeUndefined();
});

test("names headings as GitHub does", () => {
  expect(headingId("What a 200 means?")).toBe("what-a-200-means");
});

test("lists every page once, with its title, and can load each", () => {
  const pages = docSections().flatMap((section) => section.pages);
  expect(pages.map((page) => page.href)).toContain("/docs/quick-start");
  expect(new Set(pages.map((page) => page.href)).size).toBe(pages.length);
  for (const { href, title } of pages) {
    expect(loadDocPage(href.slice("/docs/".length))?.title).toBe(title);
  }
});

test("has no page for a path that leaves the documentation", () => {
  expect(loadDocPage("../README")).toBeUndefined();
  expect(loadDocPage("nowhere")).toBeUndefined();
});
