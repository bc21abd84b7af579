// openai for Node: live translation. The helper connects by TLS alone.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeTranslationWS } from "openai/realtime/translations/ws";

const [recording, voice] = process.argv.slice(2); // a WAV of 24 kHz, 16 bit, mono; a file for raw PCM of 24 kHz
const translation = await OpenAIRealtimeTranslationWS.create(new OpenAI(), { model: "gpt-realtime-translate" });
let transcript = "";
let translated = "";
const spoken = [];
translation.on("session.input_transcript.delta", ({ delta }) => (transcript += delta));
translation.on("session.output_transcript.delta", ({ delta }) => (translated += delta));
translation.on("session.output_audio.delta", ({ delta }) => spoken.push(Buffer.from(delta, "base64")));
translation.on("error", ({ message }) => console.log("error:", message));
translation.on("event", ({ type }) => console.log("event:", type));
await once(translation.socket.platformSocket, "open");

translation.send({
  type: "session.update",
  session: { audio: { input: { transcription: { model: "whisper-1" } }, output: { language: "en" } } },
});
const pcm = readFileSync(recording).subarray(44);
for (let start = 0; start < pcm.length; start += 9_600) {
  const audio = pcm.subarray(start, start + 9_600).toString("base64"); // 200 ms
  translation.send({ type: "session.input_audio_buffer.append", audio });
}
await translation.finish({ timeoutMs: 60_000 }); // sends session.close, resolves after session.closed

console.log("transcript:", transcript);
console.log("translation:", translated);
writeFileSync(voice, Buffer.concat(spoken));
