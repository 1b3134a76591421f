import { unknownSettingProblems } from "@lensai/otel-config/settings";
import { CONTENT_VARIABLE, capturesContent } from "../content/content-variable.ts";
import { readExportSettings } from "../export/export-settings.ts";
import type { Variables } from "../export/export-settings.ts";
import type { Finding } from "./finding.ts";
import { ok, problem, warning } from "./finding.ts";

const HTTP_PORT = "4318";
const GRPC_PORT = "4317";
const PROTOCOLS: ReadonlySet<string> = new Set(["http/protobuf", "http/json", "grpc"]);

/** What the environment says, without asking anybody. Values are not repeated: they may be secrets. */
export function checkSettings(env: Variables): readonly Finding[] {
  const findings = [
    ...checkSwitches(env),
    ...checkProtocol(env),
    ...checkEndpoint(env),
    ...checkContent(env),
    ...checkNames(env),
    ...valueProblems(env),
  ];
  const isGood = findings.every(({ level }) => level === "ok");
  return isGood
    ? [...findings, ok("settings", "the variables OTEL_* and LENSAI_* are valid")]
    : findings;
}

function checkSwitches(env: Variables): readonly Finding[] {
  const findings: Finding[] = [];
  if (textOf(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") {
    findings.push(
      problem(
        "settings",
        "OTEL_SDK_DISABLED switches everything off",
        "remove it, or set it to false",
      ),
    );
  }
  if (textOf(env, "OTEL_TRACES_EXPORTER") === "none") {
    findings.push(
      problem(
        "settings",
        "OTEL_TRACES_EXPORTER is none: no span is sent",
        "remove it, or set it to otlp",
      ),
    );
  }
  const sampler = textOf(env, "OTEL_TRACES_SAMPLER") ?? "";
  if (/always_off|traceidratio/.test(sampler)) {
    findings.push(
      warning(
        "settings",
        `OTEL_TRACES_SAMPLER is ${sampler}: what is not sampled is not billed`,
        "remove it: cost is right only when every call is seen",
      ),
    );
  }
  return findings;
}

function checkProtocol(env: Variables): readonly Finding[] {
  const protocol = protocolOf(env);
  if (!PROTOCOLS.has(protocol)) {
    return [
      problem(
        "settings",
        "OTEL_EXPORTER_OTLP_PROTOCOL is none that there is",
        "set it to http/protobuf, http/json or grpc, or leave it away",
      ),
    ];
  }
  const isGrpc = protocol === "grpc";
  const port = endpointOf(env)?.port;
  if (isGrpc && port === HTTP_PORT) {
    return [
      problem(
        "settings",
        `OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and the endpoint's port ${HTTP_PORT} is that of HTTP`,
        "set the protocol to http/protobuf, or the port to that of gRPC (4317)",
      ),
    ];
  }
  if (!isGrpc && port === GRPC_PORT) {
    return [
      problem(
        "settings",
        `the endpoint's port ${GRPC_PORT} is that of gRPC, and spans are sent by HTTP`,
        "set the port to that of HTTP (4318)",
      ),
    ];
  }
  return [];
}

function checkEndpoint(env: Variables): readonly Finding[] {
  const general = urlOf(textOf(env, "OTEL_EXPORTER_OTLP_ENDPOINT"));
  if (general !== undefined && /\/v1\/(?:traces|metrics|logs)\/?$/.test(general.pathname)) {
    return [
      problem(
        "settings",
        "OTEL_EXPORTER_OTLP_ENDPOINT names the path of a signal, and gets another one added",
        "leave /v1/traces away, or use OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      ),
    ];
  }
  return [];
}

/** Whoever sets it wants to see something. */
function checkContent(env: Variables): readonly Finding[] {
  const value = env[CONTENT_VARIABLE];
  if (capturesContent(value) === undefined) {
    return [
      warning(
        "settings",
        `${CONTENT_VARIABLE} has a value that nobody knows: no content is captured`,
        "set it to span_only or true, or to no_content",
      ),
    ];
  }
  if (value?.trim().toLowerCase() !== "event_only") return [];
  return [
    warning(
      "settings",
      `${CONTENT_VARIABLE} is event_only: content comes on spans or not at all`,
      "set it to span_only, or to no_content",
    ),
  ];
}

function checkNames(env: Variables): readonly Finding[] {
  return unknownSettingProblems(env).map((sentence) =>
    warning("settings", sentence, "correct the name: nobody reads it as it is"),
  );
}

function valueProblems(env: Variables): readonly Finding[] {
  const sentences: string[] = [];
  readExportSettings(env, (sentence) => sentences.push(sentence));
  return sentences.map((sentence) => problem("settings", sentence, "correct the value"));
}

/** The endpoint of traces; undefined when it is not set, or is no URL. */
function endpointOf(env: Variables): URL | undefined {
  return urlOf(
    textOf(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? textOf(env, "OTEL_EXPORTER_OTLP_ENDPOINT"),
  );
}

export function protocolOf(env: Variables): string {
  const own = textOf(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
  return own ?? textOf(env, "OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
}

function urlOf(text: string | undefined): URL | undefined {
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

function textOf(env: Variables, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === "" ? undefined : text;
}
