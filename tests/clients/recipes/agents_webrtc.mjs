// @openai/agents: a RealtimeSession over WebRTC, as in a browser; here with the WebRTC of @roamhq/wrtc.
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import wrtc from "@roamhq/wrtc";
import OpenAI from "openai";
import { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession } from "@openai/agents/realtime";

const [recording, voice] = process.argv.slice(2); // a WAV of 24 kHz, 16 bit, mono; a file for raw PCM of 48 kHz

// On the server, which has the key: a client secret for the browser.
const secret = await new OpenAI().realtime.clientSecrets.create({
  session: { type: "realtime", model: "gpt-realtime" },
});

// In the browser, which has a WebRTC, a microphone and a loudspeaker of its own.
globalThis.RTCPeerConnection = wrtc.RTCPeerConnection;
const microphone = new wrtc.nonstandard.RTCAudioSource();
const loudspeaker = {};
const transport = new OpenAIRealtimeWebRTC({
  baseUrl: `${process.env.OPENAI_BASE_URL}/realtime/calls`,
  mediaStream: new wrtc.MediaStream([microphone.createTrack()]),
  audioElement: loudspeaker,
});
const agent = new RealtimeAgent({ name: "Interpreter", instructions: "Translate into English." });
const session = new RealtimeSession(agent, { transport, model: "gpt-realtime" });
session.on("error", ({ error }) => console.log("error:", JSON.stringify(error)));
session.on("transport_event", ({ type }) => console.log("event:", type));
await session.connect({ apiKey: secret.value });

const heard = [];
const sink = new wrtc.nonstandard.RTCAudioSink(loudspeaker.srcObject.getAudioTracks()[0]);
sink.ondata = ({ samples }) => heard.push(Buffer.from(samples.slice().buffer));
const spoken = new Promise((resolve) =>
  session.on("transport_event", ({ type }) => type === "output_audio_buffer.stopped" && resolve()),
);
const pcm = readFileSync(recording).subarray(44);
const began = performance.now();
for (let start = 0; start + 480 <= pcm.length; start += 480) {
  const chunk = pcm.subarray(start, start + 480); // 10 ms
  const samples = new Int16Array(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length));
  microphone.onData({ samples, sampleRate: 24_000 });
  await setTimeout(began + start / 48 - performance.now());
}
await spoken;
const [said, answered] = session.history.filter((item) => item.type === "message");
console.log("transcript:", said.content[0].transcript);
console.log("translation:", answered.content[0].transcript);
writeFileSync(voice, Buffer.concat(heard));
session.close();
process.exit(); // the threads of @roamhq/wrtc do not end by themselves
