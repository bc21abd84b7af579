// The loudness of audio, and whether a microphone hears the loudspeaker.

export const SILENCE_DB = -60;

/** Root mean square of a frame of 16-bit samples in dB below full scale, at least `SILENCE_DB`. */
export function level(frame) {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  const share = frame.length ? Math.sqrt(sum / frame.length) / 32768 : 0;
  return Math.max(SILENCE_DB, 20 * Math.log10(share || 1e-9));
}

function correlation(one, other) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(one), mean(other)];
  let [product, first, second] = [0, 0, 0];
  for (let at = 0; at < one.length; at++) {
    product += (one[at] - a) * (other[at] - b);
    first += (one[at] - a) ** 2;
    second += (other[at] - b) ** 2;
  }
  return first && second ? product / Math.sqrt(first * second) : 0;
}

const WINDOW = 75;
const MAX_DELAY = 8;
// Echoes of recordings in a room, at -10 and -20 dB: 0.78 and more. Two people at the same time: 0.61 and less.
const ALIKE = 0.7;
const PLAYED_DB = -50;
const HEARD_DB = -56;
const MIN_FRAMES = 26;

/**
 * Compares the loudness of what is played with that of what the microphone hears, in frames of 80 ms: over 6 s,
 * and later by up to 0.64 s. Only frames in which the loudspeaker is heard count, for people take turns with it.
 */
export class EchoDetector {
  #played = [];
  #heard = [];

  /** Add the levels of a frame in dB; true: the microphone hears the loudspeaker. */
  add(heardDb, playedDb) {
    this.#heard.push(heardDb);
    this.#played.push(playedDb);
    if (this.#heard.length > WINDOW + MAX_DELAY) [this.#heard, this.#played].forEach((levels) => levels.shift());
    const heard = this.#heard.slice(-WINDOW);
    if (heard.filter((db) => db > HEARD_DB).length < MIN_FRAMES) return false;
    for (let delay = 0; delay <= this.#heard.length - WINDOW; delay++) {
      const played = this.#played.slice(-WINDOW - delay, this.#played.length - delay);
      const audible = played.map((db) => db > PLAYED_DB);
      const [one, other] = [heard, played].map((levels) => levels.filter((_, at) => audible[at]));
      if (one.length >= MIN_FRAMES && correlation(one, other) > ALIKE) return true;
    }
    return false;
  }
}
