import type {
  UsageFieldRules,
  UsageTable,
} from "@lensai/otel-config/usage/provider-usage/usage-table";
import type { JsonPath } from "./json-path.ts";
import type { WireCall } from "./recognise-call.ts";
import type { ResponsePaths } from "./wire-api.ts";

/** A place in the events of a stream, by what is read from there. */
export interface EventPlace {
  /** A text is measured; of a fact, everything that is in it counts. */
  reads: "text" | "fact" | undefined;
  readonly members: Map<string, EventPlace>;
  /** Of the elements, where it is a list that something is read from. */
  elements: EventPlace | undefined;
}

/** There are few of them, and streams without number. */
const known = new Map<ResponsePaths, Map<UsageTable, EventPlace>>();

/** All places that `addToFacts` and `addOutputText` read, of the outermost object. */
export function placesOf({ api: { response }, usage }: WireCall): EventPlace {
  let ofApi = known.get(response);
  if (ofApi === undefined) known.set(response, (ofApi = new Map()));
  let places = ofApi.get(usage);
  if (places === undefined) ofApi.set(usage, (places = placesIn(response, usage)));
  return places;
}

function placesIn(response: ResponsePaths, usage: UsageTable): EventPlace {
  const outermost = newPlace();
  for (const path of response.outputText ?? []) placeAt(outermost, path).reads = "text";
  for (const path of factPaths(response)) placeAt(outermost, path).reads = "fact";
  for (const path of usagePaths(usage)) placeAt(outermost, path).reads = "fact";
  return outermost;
}

/** Whatever is called an error is one. */
const ERROR: JsonPath = "error";

function factPaths(response: ResponsePaths): readonly JsonPath[] {
  const { finishReasons: { list, at = [], instead = [] } = {} } = response;
  const { id = [], model = [], serviceTier = [], systemFingerprint = [] } = response;
  const { errorType = [], costUsd = [] } = response;
  const ofElements = list === undefined ? at : [...at, "index"].map((path) => `${list}[].${path}`);
  return [
    ...[id, model, serviceTier, systemFingerprint, errorType, costUsd].flat(),
    ...ofElements,
    ...instead,
    ERROR,
  ];
}

/** A usage is looked for by its fields, and taken as a whole. */
function usagePaths({ roots, fields, beside = {} }: UsageTable): readonly JsonPath[] {
  return [
    ...roots.flatMap((root) => (root === "" ? outermostOf(fields) : [root])),
    ...outermostOf(beside),
  ];
}

/** Members of the outermost object that hold the counts. */
function outermostOf(rules: UsageFieldRules): readonly string[] {
  return Object.values(rules)
    .flatMap(({ names, plus = [], minus = [] }) => [names, plus, minus].flat())
    .map((path) => /^[^.[]+/.exec(path)?.[0] ?? path);
}

function placeAt(outermost: EventPlace, path: JsonPath): EventPlace {
  let place = outermost;
  for (const step of path.split(".")) {
    const isList = step.endsWith("[]");
    const name = isList ? step.slice(0, -2) : step;
    let member = place.members.get(name);
    if (member === undefined) place.members.set(name, (member = newPlace()));
    place = isList ? (member.elements ??= newPlace()) : member;
  }
  return place;
}

function newPlace(): EventPlace {
  return { reads: undefined, members: new Map(), elements: undefined };
}
