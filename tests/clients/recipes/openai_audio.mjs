// openai for Node: a recording to text, subtitles and English, and a text to speech.
import { createReadStream, writeFileSync } from "node:fs";
import OpenAI from "openai";

const [recording, foreign, voice] = process.argv.slice(2); // two recordings to read, a file to write
const client = new OpenAI(); // reads OPENAI_BASE_URL and OPENAI_API_KEY
const model = "whisper-1";

const transcript = await client.audio.transcriptions.create({ model, file: createReadStream(recording) });
console.log("transcript:", transcript.text);

const subtitles = await client.audio.transcriptions.create({
  model,
  file: createReadStream(recording),
  response_format: "srt",
});
console.log("subtitles:", JSON.stringify(subtitles));

const events = await client.audio.transcriptions.create({
  model: "gpt-4o-transcribe",
  file: createReadStream(recording),
  stream: true,
});
let streamed = "";
for await (const event of events) {
  if (event.type === "transcript.text.delta") streamed += event.delta;
}
console.log("streamed:", streamed);

const english = await client.audio.translations.create({ model, file: createReadStream(foreign) });
console.log("translation:", english.text);

const speech = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: transcript.text });
writeFileSync(voice, Buffer.from(await speech.arrayBuffer())); // MP3
