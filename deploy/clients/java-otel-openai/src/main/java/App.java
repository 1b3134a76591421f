import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.ResponseCreateParams;
import io.opentelemetry.instrumentation.openai.v1_1.OpenAITelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.Iterator;
import java.util.Map;

/** OpenAI's SDK under OpenTelemetry's instrumentation of it. */
public class App {
  public static void main(String[] args) throws Exception {
    try (OpenTelemetrySdk telemetry =
        AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk()) {
      OpenAIClient client =
          OpenAITelemetry.builder(telemetry)
              .build()
              .wrap(
                  OpenAIOkHttpClient.builder()
                      .apiKey("sk-none")
                      .baseUrl(Scenario.OPENAI_URL)
                      .maxRetries(1)
                      .build());
      Scenario.run(args[0], step -> make(client, step));
    }
    System.exit(0);
  }

  private static void make(OpenAIClient client, Scenario.Step step) {
    switch (step.api()) {
      case "embeddings" ->
          client
              .embeddings()
              .create(
                  EmbeddingCreateParams.builder()
                      .model(Scenario.model("embedding"))
                      .input(step.prompt())
                      .build());
      case "responses" -> respond(client, step);
      default -> chat(client, step);
    }
  }

  private static void respond(OpenAIClient client, Scenario.Step step) {
    ResponseCreateParams request =
        ResponseCreateParams.builder()
            .model(Scenario.model("chat"))
            .input(step.prompt())
            .build();
    if (step.isStream()) read(client.responses().createStreaming(request), step);
    else client.responses().create(request);
  }

  private static void chat(OpenAIClient client, Scenario.Step step) {
    ChatCompletionCreateParams.Builder request =
        ChatCompletionCreateParams.builder()
            .model(Scenario.model("chat"))
            .addUserMessage(step.prompt());
    if (step.withTool()) request.addFunctionTool(weather());
    if ("usage".equals(step.stream())) {
      request.streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build());
    }
    if (step.isStream()) {
      read(client.chat().completions().createStreaming(request.build()), step);
    } else {
      client.chat().completions().create(request.build());
    }
  }

  private static FunctionDefinition weather() {
    Map<String, Object> city = Map.of("city", Map.of("type", "string"));
    return FunctionDefinition.builder()
        .name(Scenario.toolName())
        .parameters(
            FunctionParameters.builder()
                .putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(city))
                .build())
        .build();
  }

  private static <T> void read(StreamResponse<T> stream, Scenario.Step step) {
    try (stream) {
      Iterator<T> chunks = stream.stream().iterator();
      while (chunks.hasNext()) {
        chunks.next();
        if (step.aborts()) return;
      }
    }
  }
}
