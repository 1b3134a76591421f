import type { Finding } from "./finding.ts";
import { ok, problem, warning } from "./finding.ts";
import type { InstalledPackage, PackageJson } from "./installed-packages.ts";

const OWN_PACKAGE = "@lensai/instrumentation";
const OTEL_API = "@opentelemetry/api";

/** SDKs whose calls are observed on the wire, whatever their version. */
const PROVIDER_SDKS =
  /^(openai|@anthropic-ai\/(sdk|bedrock-sdk|vertex-sdk)|@google\/genai|@google\/generative-ai|@aws-sdk\/client-bedrock-runtime|@mistralai\/mistralai|groq-sdk|cohere-ai|ollama|ai)$/;
/** Packages that make spans of the same calls. */
const OTHER_INSTRUMENTATIONS =
  /^(@opentelemetry\/instrumentation-openai|@traceloop\/(node-server-sdk|instrumentation-.*)|@arizeai\/openinference-instrumentation-.*|openlit|@langfuse\/(otel|openai)|@ai-sdk\/otel)$/;
const ADAPTERS: Readonly<Record<string, string>> = {
  "@langchain/core": "@lensai/langchain",
  llamaindex: "@lensai/llamaindex",
};
const BUNDLERS = /^(next|webpack|esbuild|rollup|vite|tsup|tsdown|@vercel\/ncc|wrangler|parcel)$/;

export function isOfInterest(name: string): boolean {
  return (
    name === OWN_PACKAGE ||
    name === OTEL_API ||
    name in ADAPTERS ||
    Object.values(ADAPTERS).includes(name) ||
    PROVIDER_SDKS.test(name) ||
    OTHER_INSTRUMENTATIONS.test(name)
  );
}

export function checkPackages(
  packages: readonly InstalledPackage[],
  app: PackageJson | undefined,
): readonly Finding[] {
  return [
    checkOwnPackage(packages),
    ...checkApiCopies(packages),
    ...checkSdks(packages),
    ...checkOthers(packages),
    ...checkAdapters(packages, app),
    ...checkBundlers(app),
  ];
}

function checkOwnPackage(packages: readonly InstalledPackage[]): Finding {
  const versions = versionsOf(packages, OWN_PACKAGE);
  if (versions.length > 0) return ok("package", `${OWN_PACKAGE} ${versions.join(", ")}`);
  return problem(
    "package",
    `${OWN_PACKAGE} is not installed here`,
    `run npm install ${OWN_PACKAGE} in the folder of the application`,
  );
}

/**
 * Copies of the API find each other through a global. One that is newer than the copy that registered the SDK, or of
 * another major version, sees none, and its spans are no spans.
 */
function checkApiCopies(packages: readonly InstalledPackage[]): readonly Finding[] {
  const versions = versionsOf(packages, OTEL_API);
  if (versions.length === 0) return [];
  const minors = new Set(versions.map((version) => version.split(".").slice(0, 2).join(".")));
  if (minors.size === 1) return [ok("otel-api", `${OTEL_API} ${versions.join(", ")}`)];
  return [
    problem(
      "otel-api",
      `${OTEL_API} is there in versions that do not work together: ${versions.join(", ")}`,
      `have one: set "overrides" (pnpm: "pnpm.overrides", yarn: "resolutions") to { "${OTEL_API}": "${newest(versions)}" } and install again`,
    ),
  ];
}

function checkSdks(packages: readonly InstalledPackage[]): readonly Finding[] {
  const found = matching(packages, PROVIDER_SDKS);
  if (found.length > 0) return [ok("provider-sdks", found.join(", "))];
  return [
    warning(
      "provider-sdks",
      "no SDK of a provider is installed here",
      "nothing to do where the application calls models by fetch, or with an SDK that is not known by name",
    ),
  ];
}

function checkOthers(packages: readonly InstalledPackage[]): readonly Finding[] {
  const found = matching(packages, OTHER_INSTRUMENTATIONS);
  if (found.length === 0) return [];
  return [
    warning(
      "other-instrumentations",
      `other packages may make spans of the same calls: ${found.join(", ")}`,
      "nothing is billed twice, but it is sent twice: remove those that you do not need",
    ),
  ];
}

function checkAdapters(
  packages: readonly InstalledPackage[],
  app: PackageJson | undefined,
): readonly Finding[] {
  return Object.entries(ADAPTERS).flatMap(([framework, adapter]) => {
    const isUsed = framework in dependenciesOf(app) && versionsOf(packages, framework).length > 0;
    if (!isUsed || versionsOf(packages, adapter).length > 0) return [];
    return [
      warning(
        "adapters",
        `${framework} is used without ${adapter}: its calls are seen, its chains, agents and tools are not`,
        `npm install ${adapter}`,
      ),
    ];
  });
}

function checkBundlers(app: PackageJson | undefined): readonly Finding[] {
  const found = Object.keys(dependenciesOf(app)).filter((name) => BUNDLERS.test(name));
  if (found.length === 0) return [];
  return [
    warning(
      "bundlers",
      `the application may be bundled (${found.join(", ")}): --import does not reach into every bundle's start`,
      `leave ${OWN_PACKAGE} and @opentelemetry/* out of the bundle, or call instrumentFetch() where it starts`,
    ),
  ];
}

function dependenciesOf(app: PackageJson | undefined): Readonly<Record<string, string>> {
  return { ...app?.dependencies, ...app?.devDependencies };
}

function versionsOf(packages: readonly InstalledPackage[], name: string): readonly string[] {
  const all = packages.filter((each) => each.name === name).map(({ version }) => version);
  return [...new Set(all)].sort();
}

function matching(packages: readonly InstalledPackage[], pattern: RegExp): readonly string[] {
  const found = packages.filter(({ name }) => pattern.test(name));
  return [...new Set(found.map(({ name, version }) => `${name} ${version}`))].sort();
}

function newest(versions: readonly string[]): string {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return [...versions].sort(compare).at(-1) ?? "";
}
