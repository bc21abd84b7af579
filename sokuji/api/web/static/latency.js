// How long after the end of a sentence its translation is there: as captions, and as a voice.
//
// The clock is that of the microphone: what was fed to the session last was said just now. Times in `now` are
// milliseconds of any clock that only goes forward.

const KEPT = 10;

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

export class Latency {
  #fedMs = 0;
  #fedAt = 0;
  #ends = new Map();
  #recent = { captions: [], voice: [] };

  /** Audio up to `throughMs` of the session has come from the microphone. */
  fed(throughMs, now) {
    this.#fedMs = throughMs;
    this.#fedAt = now;
  }

  take(event, now) {
    const { segment_id: id } = event;
    if (event.type === "transcription" && event.is_final) this.#ends.set(id, { endMs: event.end_ms });
    else if (event.type === "translation" && event.is_final && event.text) this.#note("captions", id, now);
    else if (event.type === "audio" && event.chunk === 0) this.#note("voice", id, now);
    if (this.#ends.size > KEPT) this.#ends.delete(this.#ends.keys().next().value);
  }

  /** The typical latency of the last sentences in ms, `{captions, voice}`; undefined: none yet. */
  get typical() { return { captions: median(this.#recent.captions), voice: median(this.#recent.voice) }; }

  // Of several target languages the first counts, and of several clauses the first after the end of the speech.
  #note(kind, id, now) {
    const segment = this.#ends.get(id);
    if (!segment || segment[kind]) return;
    segment[kind] = true;
    this.#recent[kind].push(Math.max(0, this.#fedMs + now - this.#fedAt - segment.endMs));
    if (this.#recent[kind].length > KEPT) this.#recent[kind].shift();
  }
}
