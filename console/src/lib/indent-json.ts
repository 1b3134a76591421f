const INDENT = "  ";

/**
 * JSON text over several lines, as `JSON.stringify` indents it, but with every number digit by digit: an id of 19 digits is
 * no number that JavaScript has. Text that is not JSON comes back as it is.
 */
export function indentJson(json: string): string {
  if (!isJson(json)) return json;
  const pieces: string[] = [];
  let depth = 0;
  const breakLine = (): void => void pieces.push("\n", INDENT.repeat(depth));
  for (let at = 0; at < json.length;) {
    const character = json[at] as string;
    const end = tokenEnd(json, at);
    if (character === "{" || character === "[") {
      pieces.push(character);
      depth += 1;
      if (!isClosing(json[blanksEnd(json, end)])) breakLine();
    } else if (isClosing(character)) {
      depth -= 1;
      if (!isOpening(pieces.at(-1))) breakLine();
      pieces.push(character);
    } else if (character === ",") {
      pieces.push(character);
      breakLine();
    } else if (!isBlank(character)) {
      pieces.push(character === ":" ? ": " : json.slice(at, end));
    }
    at = end;
  }
  return pieces.join("");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Of the string, the word or number, or the single character that begins at `at`. */
function tokenEnd(json: string, at: number): number {
  if (json[at] === '"') return stringEnd(json, at);
  let end = at;
  while (end < json.length && /[-+.\w]/.test(json[end] as string)) end += 1;
  return Math.max(end, at + 1);
}

function stringEnd(json: string, at: number): number {
  for (let end = at + 1; ; end += 1) {
    if (json[end] === "\\") end += 1;
    else if (json[end] === '"') return end + 1;
  }
}

function blanksEnd(json: string, at: number): number {
  let end = at;
  while (isBlank(json[end])) end += 1;
  return end;
}

const isBlank = (character: string | undefined): boolean =>
  character === " " || character === "\n" || character === "\r" || character === "\t";

const isOpening = (character: string | undefined): boolean =>
  character === "{" || character === "[";

const isClosing = (character: string | undefined): boolean =>
  character === "}" || character === "]";
