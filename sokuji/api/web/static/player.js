// Plays a voice: chunks of PCM, one right after the other, on a loudspeaker of the user's choice.

import { SILENCE_DB, level } from "./levels.js";

const LEAD_S = 0.08;
const MAX_RATE = 48000;
const SLICE_S = 0.08;

export class Player {
  #context = new AudioContext();
  #free = 0;
  // What is played or will be: {segmentId, startS, endS, slices} by the time of the context.
  #chunks = [];
  #sources = new Set();

  /** Whether the user can choose a loudspeaker in this browser. */
  static get canChoose() { return "setSinkId" in AudioContext.prototype; }

  /** Samples a second to ask the service for. */
  get rate() { return Math.min(this.#context.sampleRate, MAX_RATE); }

  /** Use this loudspeaker; empty: the system's choice. One that is gone is replaced by it. */
  async choose(deviceId) {
    if (Player.canChoose) await this.#context.setSinkId(deviceId).catch(() => this.#context.setSinkId(""));
  }

  /** @param pcm an `ArrayBuffer` of 16-bit samples. */
  play(segmentId, pcm, rate) {
    const samples = new Int16Array(pcm);
    if (!samples.length) return;
    const buffer = this.#context.createBuffer(1, samples.length, rate);
    buffer.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.onended = () => this.#sources.delete(source);
    this.#sources.add(source);
    const startS = Math.max(this.#free, this.#context.currentTime + LEAD_S);
    source.start(startS);
    this.#free = startS + buffer.duration;
    this.#chunks.push({ segmentId, startS, endS: this.#free, slices: slices(samples, rate) });
  }

  /** What is heard now: the segment's id, null in silence, and the loudness in dB. */
  get now() {
    const at = this.#context.currentTime;
    while (this.#chunks.length && this.#chunks[0].endS < at) this.#chunks.shift();
    const chunk = this.#chunks[0];
    if (!chunk || chunk.startS > at) return { segmentId: null, db: SILENCE_DB };
    return { segmentId: chunk.segmentId, db: chunk.slices[Math.floor((at - chunk.startS) / SLICE_S)] ?? SILENCE_DB };
  }

  /** Be silent at once; what comes later is played. */
  stop() {
    this.#sources.forEach((source) => source.stop());
    this.#chunks = [];
    this.#free = 0;
  }

  /** Whether there is still something to be heard. */
  get isBusy() { return this.#free > this.#context.currentTime; }

  close() { if (this.#context.state !== "closed") this.#context.close(); }
}

function slices(samples, rate) {
  const size = Math.round(rate * SLICE_S);
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, at) => (
    level(samples.subarray(at * size, (at + 1) * size))));
}
