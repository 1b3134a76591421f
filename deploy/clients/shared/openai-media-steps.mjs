import { MODELS, readStream } from "./scenarios.mjs";

/** Makes the calls of OpenAI's APIs for sounds and images; `toFile` is the SDK's own. */
export function openAiMediaStep(client, toFile) {
  const calls = {
    transcription: async (step) => {
      const file = await toFile(Buffer.from("not quite a sound"), "sound.wav");
      const request = { file, model: MODELS[step.model], prompt: step.prompt };
      if (step.format) request.response_format = step.format;
      return readAnswer(await client.audio.transcriptions.create(streamed(request, step)), step);
    },
    translation: async (step) => {
      const file = await toFile(Buffer.from("not quite a sound"), "sound.wav");
      return client.audio.translations.create({ file, model: MODELS.whisper, prompt: step.prompt });
    },
    speech: async (step) => {
      const request = { model: MODELS.speech, voice: "alloy", input: step.prompt };
      if (step.stream) request.stream_format = "sse";
      const response = await client.audio.speech.create(request);
      return [response.constructor.name, response.status, await response.text()];
    },
    image: async (step) => {
      const request = { model: MODELS.image, prompt: step.prompt };
      return readAnswer(await client.images.generate(streamed(request, step)), step);
    },
    imageEdit: async (step) => {
      const image = await toFile(Buffer.from("not quite an image"), "image.png", {
        type: "image/png",
      });
      const request = { model: MODELS.image, image, prompt: step.prompt };
      return readAnswer(await client.images.edit(streamed(request, step)), step);
    },
  };
  return (step) => calls[step.api](step);
}

const streamed = (request, { stream }) => (stream ? { ...request, stream: true } : request);

const readAnswer = (answer, step) => (step.stream ? readStream(answer, step) : answer);
