import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What every client is asked to do, from shared/steps.json, and where the fake provider is. */
final class Scenario {
  static final String PROVIDER_URL = System.getenv("PROVIDER_URL");
  static final String OPENAI_URL = PROVIDER_URL + "/v1";
  private static final JsonNode DATA = read();

  /** Apart in time, so that no two calls can be taken for one. */
  private static final long PAUSE_MS = 60;

  /** Makes the call of a step. */
  interface Call {
    void make(Step step) throws Exception;
  }

  /** A call with its prompt; the words in braces tell the fake provider how to answer. */
  record Step(String prompt, String api, String stream, boolean withTool, boolean aborts, boolean fails, int times) {
    boolean isStream() {
      return stream != null;
    }
  }

  static String model(String name) {
    return DATA.get("models").get(name).asText();
  }

  static String toolName() {
    return DATA.get("tool").get("name").asText();
  }

  static String toolResult() {
    return DATA.get("tool").get("result").asText();
  }

  /** Runs the steps one after the other; a step that is to fail must fail, and no other may. */
  static void run(String scenario, Call call) throws InterruptedException {
    for (JsonNode name : DATA.get("scenarios").get(scenario)) {
      Step step = step(DATA.get("steps").get(name.asText()));
      List<Thread> threads = new ArrayList<>();
      for (int at = 0; at < step.times(); at += 1) {
        Thread thread = new Thread(() -> attempt(name.asText(), step, call));
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) thread.join();
      Thread.sleep(PAUSE_MS);
    }
  }

  private static void attempt(String name, Step step, Call call) {
    try {
      call.make(step);
    } catch (Exception error) {
      if (!step.fails() && !step.aborts()) {
        System.out.println("    step " + name + ": " + error);
      }
      return;
    }
    if (step.fails()) System.out.println("    step " + name + ": no error reached the application");
  }

  private static Step step(JsonNode step) {
    return new Step(
        step.get("prompt").asText(),
        step.path("api").asText("chat"),
        step.has("stream") ? step.get("stream").asText() : null,
        step.path("withTool").asBoolean(false),
        step.path("aborts").asBoolean(false),
        step.path("fails").asBoolean(false),
        step.path("times").asInt(1));
  }

  private static JsonNode read() {
    try {
      return new ObjectMapper().readTree(new File("../shared/steps.json"));
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
