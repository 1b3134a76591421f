// Makes the calls of a scenario with Genkit's models of OpenAI and Google; Genkit sends its own spans.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"
	"github.com/firebase/genkit/go/plugins/compat_oai/openai"
	"github.com/firebase/genkit/go/plugins/googlegenai"
	"github.com/openai/openai-go/option"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Apart in time, so that no two calls can be taken for one.
const pause = 60 * time.Millisecond

var errLeft = errors.New("the application has heard enough of the stream")

type step struct {
	Prompt   string `json:"prompt"`
	Stream   string `json:"stream"`
	WithTool bool   `json:"withTool"`
	Aborts   bool   `json:"aborts"`
	Fails    bool   `json:"fails"`
	Times    int    `json:"times"`
}

// Makes the call of a step.
type call func(context.Context, step) error

// What every client is asked to do.
type scenarios struct {
	Models map[string]string `json:"models"`
	Tool   struct {
		Name   string `json:"name"`
		Result string `json:"result"`
	} `json:"tool"`
	Steps     map[string]step     `json:"steps"`
	Scenarios map[string][]string `json:"scenarios"`
}

func main() {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx)
	check(err)
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	data := read()
	scenario := os.Args[1]
	for _, name := range data.Scenarios[scenario] {
		// A tool is known by its name to one Genkit once.
		run := callsOf(ctx, data, strings.HasPrefix(scenario, "gemini"))
		step := data.Steps[name]
		var calls sync.WaitGroup
		for range max(step.Times, 1) {
			calls.Go(func() { attempt(ctx, name, step, run) })
		}
		calls.Wait()
		time.Sleep(pause)
	}
	check(provider.Shutdown(ctx))
}

func callsOf(ctx context.Context, data scenarios, isGemini bool) call {
	url := os.Getenv("PROVIDER_URL")
	check(os.Setenv("GOOGLE_GEMINI_BASE_URL", url))
	g := genkit.Init(ctx, genkit.WithPlugins(
		&openai.OpenAI{
			APIKey: "sk-none",
			Opts:   []option.RequestOption{option.WithBaseURL(url + "/v1/"), option.WithMaxRetries(0)},
		},
		&googlegenai.GoogleAI{APIKey: "none"},
	))
	weather := genkit.DefineTool(g, data.Tool.Name, "weather",
		func(_ *ai.ToolContext, _ struct {
			City string `json:"city"`
		}) (string, error) {
			return data.Tool.Result, nil
		})
	model := "openai/" + data.Models["chat"]
	if isGemini {
		model = "googleai/" + data.Models["gemini"]
	}
	return func(ctx context.Context, step step) error {
		options := []ai.GenerateOption{
			ai.WithModelName(model),
			ai.WithMessages(ai.NewUserTextMessage(step.Prompt)),
		}
		if step.WithTool {
			options = append(options, ai.WithTools(weather))
		}
		if step.Stream != "" {
			options = append(options, ai.WithStreaming(
				func(context.Context, *ai.ModelResponseChunk) error {
					if step.Aborts {
						return errLeft
					}
					return nil
				}))
		}
		_, err := genkit.Generate(ctx, g, options...)
		return err
	}
}

func attempt(ctx context.Context, name string, step step, run call) {
	err := run(ctx, step)
	if err != nil && !step.Fails && !step.Aborts {
		fmt.Printf("    step %s: %.200s\n", name, err)
	}
	if err == nil && step.Fails {
		fmt.Printf("    step %s: no error reached the application\n", name)
	}
}

func read() scenarios {
	var all scenarios
	bytes, err := os.ReadFile("../shared/steps.json")
	check(err)
	check(json.Unmarshal(bytes, &all))
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
