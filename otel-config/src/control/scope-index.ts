import { SCOPE_KEYS } from "./call-scope.ts";
import type { CallScope, ScopeKey } from "./call-scope.ts";

/** What a call is, in the words of scopes; what is not known is undefined. */
export type ScopeValues = Readonly<Partial<Record<ScopeKey, string | undefined>>>;

interface Node<T> {
  readonly rules: T[];
  readonly edges: Edge<T>[];
}

/** One attribute that rules below this node ask for. */
interface Edge<T> {
  readonly key: ScopeKey;
  readonly exact: Map<string, Node<T>>;
  readonly prefixes: { readonly prefix: string; readonly node: Node<T> }[];
}

/**
 * Which rules a call is under, by their scopes. A tree with one level per attribute that is asked for, in the
 * order of SCOPE_KEYS: ten thousand budgets of single users cost one look-up, and asking allocates nothing.
 */
export class ScopeIndex<T> {
  readonly #root: Node<T> = createNode();

  add(scope: CallScope, rule: T): void {
    let node = this.#root;
    for (const key of SCOPE_KEYS) {
      const value = scope[key];
      if (value !== undefined) node = childOf(edgeOf(node, key), value);
    }
    node.rules.push(rule);
  }

  /** Writes the rules that the call is under into `found`, from index 0 on; answers how many there are. */
  match(values: ScopeValues, found: T[]): number {
    return collect(this.#root, values, found, 0);
  }
}

/** Scopes end in `*` where they mean a beginning; only models do (`CallScope`). */
function childOf<T>({ key, exact, prefixes }: Edge<T>, value: string): Node<T> {
  if (key === "model" && value.endsWith("*")) {
    const prefix = value.slice(0, -1);
    const known = prefixes.find((each) => each.prefix === prefix);
    if (known !== undefined) return known.node;
    const node = createNode<T>();
    prefixes.push({ prefix, node });
    return node;
  }
  const known = exact.get(value);
  if (known !== undefined) return known;
  const node = createNode<T>();
  exact.set(value, node);
  return node;
}

function edgeOf<T>({ edges }: Node<T>, key: ScopeKey): Edge<T> {
  const known = edges.find((edge) => edge.key === key);
  if (known !== undefined) return known;
  const edge: Edge<T> = { key, exact: new Map(), prefixes: [] };
  edges.push(edge);
  return edge;
}

function createNode<T>(): Node<T> {
  return { rules: [], edges: [] };
}

// Loops over indexes and one flat argument list: this runs before every call.
// oxlint-disable-next-line max-params
function collect<T>(node: Node<T>, values: ScopeValues, found: T[], from: number): number {
  const { rules, edges } = node;
  let count = from;
  for (let index = 0; index < rules.length; index += 1) {
    found[count] = rules[index] as T;
    count += 1;
  }
  for (let index = 0; index < edges.length; index += 1) {
    const { key, exact, prefixes } = edges[index] as Edge<T>;
    const value = values[key];
    if (value === undefined) continue;
    const child = exact.get(value);
    if (child !== undefined) count = collect(child, values, found, count);
    for (let at = 0; at < prefixes.length; at += 1) {
      const { prefix, node: below } = prefixes[at] as Edge<T>["prefixes"][number];
      if (value.startsWith(prefix)) count = collect(below, values, found, count);
    }
  }
  return count;
}
