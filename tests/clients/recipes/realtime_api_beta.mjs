// openai-realtime-api: the beta dialect of /v1/realtime, as the Sokuji extension speaks it.
import { readFileSync, writeFileSync } from "node:fs";
import { RealtimeClient } from "openai-realtime-api";

const [recording, voice] = process.argv.slice(2); // a WAV of 24 kHz, 16 bit, mono; a file for raw PCM of 24 kHz
const client = new RealtimeClient({
  url: `${process.env.OPENAI_BASE_URL.replace(/^http/, "ws")}/realtime`,
  apiKey: process.env.OPENAI_API_KEY,
  sessionConfig: { instructions: "Translate into English." },
});
client.on("realtime.event", ({ source, event }) => {
  if (source === "server") console.log("event:", event.type);
  if (event.type === "error") console.log("error:", event.error.message);
});
await client.connect();
await client.waitForSessionCreated();

const pcm = readFileSync(recording).subarray(44);
for (let start = 0; start < pcm.length; start += 4_800) {
  const chunk = pcm.subarray(start, start + 4_800); // 100 ms
  client.appendInputAudio(new Int16Array(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length)));
}
const answered = new Promise((resolve) => client.realtime.on("server.response.done", resolve));
client.createResponse(); // commits, then asks for the translation
await answered;
const [heard, said] = client.conversation.getItems();
console.log("transcript:", heard.formatted.transcript);
console.log("translation:", said.formatted.transcript);
writeFileSync(voice, Buffer.from(said.formatted.audio.buffer));
client.disconnect();
