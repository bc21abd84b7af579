// A recording from a file, translated by a session that is fed as fast as the service takes it.

import { openSocket } from "./service.js";
import { Session } from "./session.js";
import { sessionConfig } from "./settings.js";
import { wav } from "./wav.js";
import { RECOGNISER_RATE } from "./microphone.js";

const VOICE_RATE = 24000;
const MAX_CHANNELS = 8;
const FRAME_S = 0.5;

/** The samples of a file, its channels interleaved. Raises an `Error` with a message for people. */
export async function decoded(file, limits) {
  const megabytes = Math.floor(limits.max_upload_bytes / 2 ** 20);
  if (file.size > limits.max_upload_bytes) throw new Error(`${file.name} has more than ${megabytes} MB`);
  const context = new OfflineAudioContext(1, 1, RECOGNISER_RATE);
  const audio = await file.arrayBuffer().then((bytes) => context.decodeAudioData(bytes)).catch(() => {
    throw new Error(`this browser finds no sound in ${file.name}; "sokuji translate" takes all that FFmpeg decodes`);
  });
  if (audio.duration > limits.max_session_s) {
    throw new Error(`${file.name} is longer than ${Math.floor(limits.max_session_s / 60)} minutes`);
  }
  return { samples: interleaved(audio), channels: Math.min(audio.numberOfChannels, MAX_CHANNELS) };
}

function interleaved(audio) {
  const channels = Math.min(audio.numberOfChannels, MAX_CHANNELS);
  const samples = new Int16Array(audio.length * channels);
  for (let channel = 0; channel < channels; channel++) {
    const data = audio.getChannelData(channel);
    for (let at = 0; at < data.length; at++) {
      samples[at * channels + channel] = Math.max(-1, Math.min(1, data[at])) * 32767;
    }
  }
  return samples;
}

export class Recording {
  #settings;
  #captions;
  #on;
  #voice = [];
  #session = null;

  /**
   * @param on what is told: `progress(share)`, 0 to 1; `event(event)`; `over(problem, code, voice)`, once, where the
   *   voice is a `Blob` with a WAV file, or null.
   */
  constructor(settings, captions, on) {
    [this.#settings, this.#captions, this.#on] = [settings, captions, on];
  }

  start({ samples, channels }) {
    const durationMs = 1000 * samples.length / channels / RECOGNISER_RATE;
    this.#captions.begin(this.#settings.targets);
    const config = {
      ...sessionConfig({ ...this.#settings, broadcast: false }),
      sample_rate: RECOGNISER_RATE, channels, output_sample_rate: VOICE_RATE,
    };
    this.#session = new Session(openSocket, config, {
      event: (event) => {
        this.#captions.take(event);
        if (event.type === "ack") this.#on.progress(Math.min(1, event.through_ms / durationMs));
        this.#on.event(event);
      },
      voice: ({ target_language: language }, pcm) => {
        if (language === this.#settings.hear) this.#voice.push(new Blob([pcm]));
      },
      lost: (ack) => this.#captions.rewind(ack),
      over: (problem, code) => {
        this.#captions.end();
        this.#on.over(problem, code, this.#voice.length ? wav(this.#voice, VOICE_RATE) : null);
      },
    });
    const frame = FRAME_S * RECOGNISER_RATE * channels;
    for (let at = 0; at < samples.length; at += frame) this.#session.feed(samples.subarray(at, at + frame));
    this.#session.end();
  }

  /** Give up; what is there stays. */
  cancel() { this.#session.close(); }
}
