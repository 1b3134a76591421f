import { lexer, type Token, type Tokens } from "marked";
import type { DocBlock, DocInline } from "../../docs/doc-node.ts";

export interface MarkdownContext {
  /** Turns a link of the source into one of the site; undefined drops the link and keeps its text. */
  readonly resolveLink: (href: string) => string | undefined;
  readonly resolveImage: (href: string) => string | undefined;
}

/** Parses GitHub-flavoured Markdown. Comments are left out; other HTML is shown as the text it is. */
export function parseMarkdown(source: string, context: MarkdownContext): DocBlock[] {
  return toBlocks(lexer(source), context);
}

/** One line of words with `code` and **emphasis** in it; links stay text. */
export function toInlineWords(words: string): DocInline[] {
  const context: MarkdownContext = { resolveLink: () => undefined, resolveImage: () => undefined };
  const [block] = parseMarkdown(words, context);
  return block?.kind === "paragraph" ? [...block.children] : [{ kind: "text", text: words }];
}

/** "What a 200 means" becomes "what-a-200-means", as GitHub does it. */
export function headingId(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

function toBlocks(tokens: readonly Token[], context: MarkdownContext): DocBlock[] {
  return tokens.flatMap((token) => (isComment(token) ? [] : toBlock(token, context)));
}

function toBlock(token: Token, context: MarkdownContext): DocBlock[] {
  const inlines = (): DocInline[] => toInlines("tokens" in token ? token.tokens : [], context);
  switch (token.type) {
    case "heading": {
      const { depth, text } = token as Tokens.Heading;
      return [{ kind: "heading", depth, id: headingId(text), children: inlines() }];
    }
    case "paragraph":
    case "text":
      return [{ kind: "paragraph", children: inlines() }];
    case "code": {
      const { lang = "", text } = token as Tokens.Code;
      return [{ kind: "code", language: lang, text }];
    }
    case "blockquote":
      return [{ kind: "quote", blocks: toBlocks((token as Tokens.Blockquote).tokens, context) }];
    case "list":
      return [toList(token as Tokens.List, context)];
    case "table":
      return [toTable(token as Tokens.Table, context)];
    case "hr":
      return [{ kind: "rule" }];
    case "space":
    case "def":
      return [];
    default:
      return [{ kind: "paragraph", children: [{ kind: "text", text: token.raw.trim() }] }];
  }
}

/** Notes to whoever edits the source, and the marks around generated parts. */
const isComment = (token: Token): boolean =>
  token.type === "html" && /^<!--(?:(?!-->).)*-->$/s.test(token.raw.trim());

function toList(list: Tokens.List, context: MarkdownContext): DocBlock {
  return {
    kind: "list",
    isOrdered: list.ordered,
    start: list.start === "" ? 1 : list.start,
    items: list.items.map((item) => toBlocks(item.tokens, context)),
  };
}

function toTable(table: Tokens.Table, context: MarkdownContext): DocBlock {
  const cells = (row: readonly Tokens.TableCell[]): DocInline[][] =>
    row.map((cell) => toInlines(cell.tokens, context));
  return { kind: "table", head: cells(table.header), rows: table.rows.map(cells) };
}

function toInlines(tokens: readonly Token[] | undefined, context: MarkdownContext): DocInline[] {
  return (tokens ?? []).flatMap((token) => toInline(token, context));
}

function toInline(token: Token, context: MarkdownContext): DocInline[] {
  const children = (): DocInline[] => toInlines("tokens" in token ? token.tokens : [], context);
  switch (token.type) {
    case "strong":
      return [{ kind: "strong", children: children() }];
    case "em":
      return [{ kind: "emphasis", children: children() }];
    case "del":
      return [{ kind: "deleted", children: children() }];
    case "codespan":
      return [{ kind: "code", text: (token as Tokens.Codespan).text }];
    case "br":
      return [{ kind: "break" }];
    case "link":
      return toLink(token as Tokens.Link, children(), context);
    case "image": {
      const { href, text: alt } = token as Tokens.Image;
      const src = context.resolveImage(href);
      return src === undefined ? [{ kind: "text", text: alt }] : [{ kind: "image", src, alt }];
    }
    default:
      return [{ kind: "text", text: "text" in token ? String(token.text) : token.raw }];
  }
}

function toLink(
  { href, text, raw }: Tokens.Link,
  children: DocInline[],
  context: MarkdownContext,
): DocInline[] {
  // "pkg@1.2.3" is taken for an address of somebody.
  const isGuessedAddress = raw === text && !/^https?:/.test(raw);
  const target = isGuessedAddress ? undefined : context.resolveLink(href);
  return target === undefined ? children : [{ kind: "link", href: target, children }];
}
