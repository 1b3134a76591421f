import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.concurrent.TimeUnit;

/** One call of a model, exported by the SDK as the environment says. */
public class App {
  public static void main(String[] args) {
    var sdk = AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk();
    sdk.getTracer("try")
        .spanBuilder("chat gpt-4o-mini")
        .setSpanKind(SpanKind.CLIENT)
        .setAttribute("gen_ai.operation.name", "chat")
        .setAttribute("gen_ai.provider.name", "openai")
        .setAttribute("gen_ai.request.model", "gpt-4o-mini")
        .setAttribute("gen_ai.usage.input_tokens", 1200)
        .setAttribute("gen_ai.usage.output_tokens", 300)
        .startSpan()
        .end();
    sdk.shutdown().join(10, TimeUnit.SECONDS);
    sdk.close();
  }
}
