// One session of the bridge API (docs/api.md), which outlives its sockets: when one is lost, another goes on where
// the last ack left off.

import { SentAudio } from "./sent-audio.js";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 8000;
const RETRIES = 10;
const MAX_BUFFERED_BYTES = 2 ** 20;
const LOOK_AGAIN_MS = 50;

export class Session {
  /** The id that the service has given; null before it is ready. */
  id = null;
  #open;
  #config;
  #on;
  #socket = null;
  #audio;
  #acked = { through_ms: 0, text: "" };
  #retries = 0;
  #isReady = false;
  #isEnding = false;
  #isEndSent = false;
  #isOver = false;
  #announced = null;
  #retry = 0;
  #pumping = 0;
  #problem = "";

  /**
   * @param open opens a socket.
   * @param config the fields of the `config` message, without those of a resumption.
   * @param on what is told: `event(event)`; `voice(event, pcm)`, an `ArrayBuffer`; `lost(ack)`, when the service will
   *   say again what is behind the ack; `over(problem, code)`, once, where an empty problem is none.
   */
  constructor(open, config, on) {
    [this.#open, this.#config, this.#on] = [open, config, on];
    this.#audio = new SentAudio(config.sample_rate * (config.channels ?? 1));
    this.#connect();
  }

  /** What was fed and is not acknowledged, in seconds. */
  get behindS() { return this.#audio.seconds; }

  /** @param frame an `Int16Array`, at most 1 MiB. */
  feed(frame) {
    if (this.#isEnding || this.#isOver) return;
    this.#audio.add(frame);
    this.#pump();
  }

  /** The utterance ends here. */
  flush() { this.#tell({ type: "flush" }); }

  /** Stop the voice, and drop what it has not said. */
  cancel() { this.#tell({ type: "cancel" }); }

  /** No more audio will come: `over` follows when everything has been delivered. */
  end() {
    this.#isEnding = true;
    this.#pump();
  }

  /** Give up at once; results that are still to come are lost. */
  close(problem = "") { this.#finish(problem, 0); }

  #connect() {
    this.#isReady = false;
    this.#isEndSent = false;
    this.#audio.rewind();
    this.#socket = this.#open();
    this.#socket.onopen = () => this.#begin();
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code }) => this.#closed(code);
  }

  // Opens the session, or goes on with it where the last ack left it.
  #begin() {
    const resumed = this.id && {
      session_id: this.id, resume_from_ms: this.#acked.through_ms, resume_text: this.#acked.text,
    };
    this.#tell({ type: "config", ...this.#config, ...resumed });
    this.#pump();
  }

  get #isOpen() { return this.#socket?.readyState === 1; }

  // Sends what waits, but never more than the network takes: of a recording all of it waits.
  #pump() {
    clearTimeout(this.#pumping);
    if (!this.#isOpen) return;
    while (this.#socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      const frame = this.#audio.next();
      if (!frame) {
        if (this.#isEnding && !this.#isEndSent) {
          this.#isEndSent = true;
          this.#tell({ type: "end" });
        }
        return;
      }
      this.#socket.send(frame);
    }
    this.#pumping = setTimeout(() => this.#pump(), LOOK_AGAIN_MS);
  }

  #tell(message) {
    if (this.#isOpen) this.#socket.send(JSON.stringify(message));
  }

  #take(data) {
    if (typeof data !== "string") {
      this.#on.voice(this.#announced, data);
      return;
    }
    const event = JSON.parse(data);
    if (event.type === "ready") {
      this.id = event.session_id;
      this.#isReady = true;
      this.#retries = 0;
    } else if (event.type === "audio") this.#announced = event;
    else if (event.type === "ack") {
      this.#acked = event;
      this.#audio.drop(event.through_ms);
    } else if (event.type === "error" && event.fatal) this.#problem = event.message;
    this.#on.event(event);
  }

  #closed(code) {
    // 1013 instead of ready: full for now. 1013 after it: this session is over.
    const lost = code === 1012 || (this.id && (code === 1006 || (code === 1013 && !this.#isReady)));
    if (!lost || this.#retries >= RETRIES) {
      const unknown = code === 1006 ? "the connection could not be opened, or was lost" : `it was closed (${code})`;
      this.#finish(code === 1000 ? "" : this.#problem || unknown, code);
      return;
    }
    this.#problem = "";
    this.#on.lost(this.#acked);
    // At random, so that clients do not come back all at once.
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries++) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }

  #finish(problem, code) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#pumping);
    this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
    this.#socket.close();
    this.#on.over(problem, code);
  }
}
