/**
 * Members of a JSON object that is a text, found without parsing it: that takes longer than all that is asked. Inside of
 * JSON texts every quote is escaped, so that a name in quotes with a colon behind it is the name of a member. Of a text
 * that is no JSON, nothing that is found means anything.
 */

/**
 * Where the value of a member of the outermost object begins; undefined when it has none of this name. In front of `from`
 * there is none.
 */
export function memberAt(json: string, name: string, from = 0): number | undefined {
  const quoted = `"${name}"`;
  const rest = json.slice(from);
  // Of several with one name the last one counts.
  for (let at = rest.lastIndexOf(quoted); at >= 0; at = lastBefore(rest, quoted, at)) {
    const start = from + at;
    const colon = afterSpace(json, start + quoted.length);
    const isName = json[colon] === ":" && json[start - 1] !== "\\";
    if (isName && isOutermost(json, start)) return afterSpace(json, colon + 1);
  }
  return undefined;
}

function lastBefore(json: string, wanted: string, at: number): number {
  return at === 0 ? -1 : json.lastIndexOf(wanted, at - 1);
}

/** The object or list that begins there. */
export function nestedAt(json: string, start: number): string {
  return json.slice(start, nestedEnd(json, start));
}

/** Behind the object or list that begins there. */
export function nestedEnd(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at);
    else depth += depthOf(code);
    if (depth === 0) return at + 1;
  }
  return json.length;
}

/** By what is in front of the name or behind it, whichever is shorter: long is what is nested. */
function isOutermost(json: string, name: number): boolean {
  return name < json.length / 2
    ? depthBetween(json, 0, name) === 1
    : depthBetween(json, name, json.length) === -1;
}

/** By how many levels it goes in more than out. Begins outside of a string. */
function depthBetween(json: string, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at);
    else depth += depthOf(code);
  }
  return depth;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function depthOf(code: number): number {
  // { [ and } ] differ from each other in one bit.
  if ((code | 0x20) === 0x7b) return 1;
  return (code | 0x20) === 0x7d ? -1 : 0;
}

/** Of its closing quote; the length of the text when there is none. */
export function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let escapes = at;
    while (json.charCodeAt(escapes - 1) === BACKSLASH) escapes -= 1;
    if ((at - escapes) % 2 === 0) return at;
  }
  return json.length;
}

export function afterSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(json.charCodeAt(at))) at += 1;
  return at;
}

const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
