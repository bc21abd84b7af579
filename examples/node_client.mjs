// Live translation from Node.js without a package: captions in the terminal, the voice as a WAV file.
//
//   node examples/node_client.mjs talk.wav pt en talk-en.wav
//
// The recording is a WAV file of PCM with 16-bit samples. SOKUJI_URL is the address of the service, SOKUJI_API_KEY its
// key if it wants one. Needs Node.js 22, which has a WebSocket; Node.js 20 has it with --experimental-websocket.
import { readFileSync, writeFileSync } from "node:fs";

const [recording, source = "auto", target = "en", output = "translation.wav"] = process.argv.slice(2);
if (!recording) fail("usage: node examples/node_client.mjs recording.wav [from] [to] [output.wav]");
const { sampleRate, channels, pcm } = readWav(recording);
const VOICE_RATE = 24_000;

const url = new URL("/api/v1/ws/translate", process.env.SOKUJI_URL ?? "http://127.0.0.1:8000");
url.protocol = url.protocol.replace("http", "ws");
// A WebSocket of the web platform sends no headers: a key is offered as a subprotocol.
const key = process.env.SOKUJI_API_KEY;
const socket = new WebSocket(url, key ? ["realtime", `openai-insecure-api-key.${key}`] : []);
socket.binaryType = "arraybuffer";
const send = (message) => socket.send(JSON.stringify(message));
const voice = [];
let done = false;

socket.onopen = () => {
  send({
    type: "config",
    source_language: source,
    target_language: target,
    sample_rate: sampleRate,
    channels,
    audio_encoding: "pcm_binary",
    output_sample_rate: VOICE_RATE,
  });
  const frame = Math.floor(sampleRate / 10) * channels * 2; // 100 ms
  for (let start = 0; start < pcm.length; start += frame) socket.send(pcm.subarray(start, start + frame));
  send({ type: "end" });
};

socket.onmessage = ({ data }) => {
  if (typeof data !== "string") return voice.push(Buffer.from(data)); // it follows its "audio" event
  const event = JSON.parse(data);
  if (event.type === "transcription") console.log(`${event.language}: ${event.text}`);
  if (event.type === "translation" && event.text) console.log(`    -> ${event.target_language}: ${event.text}`);
  if (event.type === "error") console.error(`error: ${event.message}`);
  if (event.type === "done") done = true;
};

socket.onclose = ({ code }) => {
  if (!done) fail(`error: the conversation ended early, with code ${code}`);
  writeWav(output, VOICE_RATE, Buffer.concat(voice));
};
socket.onerror = () => console.error(`error: ${url} cannot be reached`);

function readWav(path) {
  const file = readFileSync(path);
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.readUInt16LE(20) !== 1 || file.readUInt16LE(34) !== 16)
    fail(`error: ${path} is no WAV file of PCM with 16-bit samples`);
  const start = file.indexOf("data", 36, "latin1") + 8;
  const size = file.readUInt32LE(start - 4);
  return {
    sampleRate: file.readUInt32LE(24),
    channels: file.readUInt16LE(22),
    pcm: file.subarray(start, start + size),
  };
}

function writeWav(path, rate, samples) {
  const header = Buffer.alloc(44);
  header.write("RIFF    WAVEfmt ", 0, "latin1");
  header.writeUInt32LE(36 + samples.length, 4);
  [16, 1 | (1 << 16), rate, 2 * rate, 2 | (16 << 16)].forEach((value, n) => header.writeUInt32LE(value, 16 + 4 * n));
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  writeFileSync(path, Buffer.concat([header, samples]));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
