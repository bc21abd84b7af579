// openai for Node: one turn of /v1/realtime, committed by the client. The class connects by TLS alone.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [recording, voice] = process.argv.slice(2); // a WAV of 24 kHz, 16 bit, mono; a file for raw PCM of 24 kHz
const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime" }, new OpenAI());
realtime.on("event", ({ type }) => console.log("event:", type));
realtime.on("error", ({ message }) => console.log("error:", message));
await once(realtime.socket, "open");

realtime.send({
  type: "session.update",
  session: {
    type: "realtime",
    instructions: "Translate into English.",
    audio: { input: { turn_detection: null, transcription: { model: "whisper-1" } } },
  },
});
const pcm = readFileSync(recording).subarray(44);
for (let start = 0; start < pcm.length; start += 4_800) {
  const audio = pcm.subarray(start, start + 4_800).toString("base64"); // 100 ms
  realtime.send({ type: "input_audio_buffer.append", audio });
}
realtime.send({ type: "input_audio_buffer.commit" });
realtime.send({ type: "response.create" });

const spoken = [];
realtime.on("conversation.item.input_audio_transcription.completed", ({ transcript }) =>
  console.log("transcript:", transcript),
);
realtime.on("response.output_audio.delta", ({ delta }) => spoken.push(Buffer.from(delta, "base64")));
realtime.on("response.output_audio_transcript.done", ({ transcript }) => console.log("translation:", transcript));
realtime.on("response.done", ({ response }) => {
  console.log("response:", response.status);
  writeFileSync(voice, Buffer.concat(spoken));
  realtime.close();
});
