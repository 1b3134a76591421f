import org.springframework.ai.anthropic.AnthropicChatModel;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiEmbeddingModel;
import org.springframework.ai.tool.annotation.Tool;
import io.micrometer.observation.ObservationRegistry;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Spring AI's chat clients and embeddings, with Spring Boot's own telemetry. */
@SpringBootConfiguration
@EnableAutoConfiguration
public class App {
  public static void main(String[] args) throws Exception {
    try (ConfigurableApplicationContext context =
        new SpringApplicationBuilder(App.class).web(WebApplicationType.NONE).run()) {
      ObservationRegistry observations = context.getBean(ObservationRegistry.class);
      ChatClient chat =
          args[0].startsWith("anthropic")
              ? ChatClient.builder(context.getBean(AnthropicChatModel.class), observations, null, null).build()
              : ChatClient.builder(context.getBean(OpenAiChatModel.class), observations, null, null).build();
      OpenAiEmbeddingModel embeddings = context.getBean(OpenAiEmbeddingModel.class);
      Scenario.run(args[0], step -> make(chat, embeddings, step));
    }
    System.exit(0);
  }

  private static void make(ChatClient chat, OpenAiEmbeddingModel embeddings, Scenario.Step step) {
    if (step.api().equals("embeddings")) {
      embeddings.embed(step.prompt());
      return;
    }
    ChatClient.ChatClientRequestSpec request = chat.prompt().user(step.prompt());
    if (step.withTool()) request.tools(new Weather());
    if (!step.isStream()) {
      request.call().content();
      return;
    }
    var words = request.stream().content();
    if (step.aborts()) words.blockFirst();
    else words.blockLast();
  }

  static class Weather {
    @Tool(name = "get_weather", description = "weather")
    String weather(String city) {
      return Scenario.toolResult();
    }
  }
}
