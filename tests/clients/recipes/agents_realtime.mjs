// @openai/agents: a RealtimeSession over a WebSocket. The service ends the turns and translates each.
import { readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { RealtimeAgent, RealtimeSession } from "@openai/agents/realtime";

const [recording, voice] = process.argv.slice(2); // a WAV of 24 kHz, 16 bit, mono; a file for raw PCM of 24 kHz
const url = `${process.env.OPENAI_BASE_URL.replace(/^http/, "ws")}/realtime?model=gpt-realtime`;
const agent = new RealtimeAgent({ name: "Interpreter", instructions: "Translate into English." });
const session = new RealtimeSession(agent, { transport: "websocket", model: "gpt-realtime" });
const spoken = [];
session.on("audio", ({ data }) => spoken.push(Buffer.from(data)));
session.on("error", ({ error }) => console.log("error:", JSON.stringify(error)));
session.on("transport_event", ({ type }) => console.log("event:", type));
await session.connect({ apiKey: process.env.OPENAI_API_KEY, url });

async function answer() {
  await once(session, "agent_end");
  const said = session.history.filter((item) => item.type === "message").at(-1);
  return said.content[0].transcript ?? said.content[0].text;
}

const pcm = readFileSync(recording).subarray(44);
const spokenAnswer = answer();
for (let start = 0; start < pcm.length; start += 4_800) {
  const chunk = pcm.subarray(start, start + 4_800); // 100 ms
  session.sendAudio(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length));
}
console.log("translation:", await spokenAnswer);
const heard = session.history.find((item) => item.role === "user");
console.log("transcript:", heard.content[0].transcript);
writeFileSync(voice, Buffer.concat(spoken));

const writtenAnswer = answer();
session.sendMessage("O gato dorme.");
console.log("written:", await writtenAnswer);
session.close();
