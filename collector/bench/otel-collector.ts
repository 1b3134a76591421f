import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The OpenTelemetry Collector with its OTLP receiver and file exporter, built from the Go module proxy.
 * It does less than ours: no redaction, no prices, no columns, and it answers before anything is durable.
 */

const VERSION = "v0.165.0";
const PROVIDERS_VERSION = "v1.71.0";

const MAIN_GO = `package main

import (
	"log"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

func factories() (otelcol.Factories, error) {
	var result otelcol.Factories
	var err error
	if result.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return result, err
	}
	result.Telemetry = otelconftelemetry.NewFactory()
	result.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](fileexporter.NewFactory())
	return result, err
}

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "bench-collector", Version: "bench"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				DefaultScheme: "file",
				ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
			},
		},
	})
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}
`;

/** Builds it once into `folder`; undefined when there is no Go or the build fails. */
export function buildOtelCollector(folder: string): string | undefined {
  const binary = join(folder, "bench-collector");
  if (existsSync(binary)) return binary;
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "main.go"), MAIN_GO);
    const go = (...args: string[]): void => {
      execFileSync("go", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    };
    if (!existsSync(join(folder, "go.mod"))) go("mod", "init", "bench-collector");
    go(
      "get",
      `go.opentelemetry.io/collector/otelcol@${VERSION}`,
      `go.opentelemetry.io/collector/receiver/otlpreceiver@${VERSION}`,
      `go.opentelemetry.io/collector/confmap/provider/fileprovider@${PROVIDERS_VERSION}`,
      `github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter@${VERSION}`,
    );
    go("build", "-mod=mod", "-o", binary, ".");
    return binary;
  } catch (error) {
    console.log(
      `no OpenTelemetry Collector in this run: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** Starts it on a port, writing into `folder`. */
export function startOtelCollector(binary: string, folder: string, port: number): ChildProcess {
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:${port}
exporters:
  file:
    path: ${join(folder, "spans.json")}
    format: proto
service:
  telemetry:
    metrics:
      level: none
    logs:
      level: error
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [file]
`,
  );
  return spawn(binary, ["--config", `file:${config}`], { stdio: "inherit" });
}
