// The audio of a session that has not been acknowledged: after the loss of a socket it is sent again.

export class SentAudio {
  #frames = [];
  #firstSample = 0;
  #sent = 0;

  /** @param rate samples a second. */
  constructor(rate) { this.rate = rate; }

  /** What is kept, in seconds. */
  get seconds() { return this.#frames.reduce((sum, frame) => sum + frame.length, 0) / this.rate; }

  /** @param frame an `Int16Array`. */
  add(frame) { this.#frames.push(frame); }

  /** The next frame to send, which counts as sent from now on; undefined: there is none. */
  next() { return this.#frames[this.#sent] && this.#frames[this.#sent++]; }

  /** Forget what is before this time of the session. */
  drop(throughMs) {
    let samples = Math.round(throughMs * this.rate / 1000) - this.#firstSample;
    while (this.#frames.length && samples > 0) {
      const frame = this.#frames[0];
      const dropped = Math.min(samples, frame.length);
      if (dropped === frame.length) {
        this.#frames.shift();
        this.#sent = Math.max(0, this.#sent - 1);
      } else this.#frames[0] = frame.subarray(dropped);
      this.#firstSample += dropped;
      samples -= dropped;
    }
  }

  /** The socket is lost: send everything that is kept again. */
  rewind() { this.#sent = 0; }
}
