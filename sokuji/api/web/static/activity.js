// What a live session is doing, from its events: whether somebody speaks, and whether words are still to come.

export class Activity {
  #hearing = false;
  // What was said and is not translated yet: segment id -> end of the speech, and the languages still to come.
  #pending = new Map();
  #targets;

  constructor(targets) { this.#targets = targets; }

  take(event) {
    if (event.type === "speech" && event.state === "started") this.#hearing = true;
    else if (event.type === "speech") {
      this.#hearing = false;
      this.#pending.set(event.segment_id, { atMs: event.at_ms, waiting: new Set(this.#targets) });
    } else if (event.type === "translation" && event.is_final) this.#translated(event);
    else if (event.type === "error" && event.segment_id !== undefined) this.#pending.delete(event.segment_id);
    else if (event.type === "ack") this.#delivered(event.through_ms);
  }

  /** The socket is lost, and the session goes on with another: what was pending is said again. */
  rewind() {
    this.#hearing = false;
    this.#pending.clear();
  }

  /** `hearing`, `translating` or `listening`. */
  get state() {
    if (this.#hearing) return "hearing";
    return this.#pending.size ? "translating" : "listening";
  }

  #translated({ segment_id: id, target_language: language }) {
    const pending = this.#pending.get(id);
    pending?.waiting.delete(language);
    if (pending?.waiting.size === 0) this.#pending.delete(id);
  }

  // An ack covers segments without words too, which get neither a translation nor an error.
  #delivered(throughMs) {
    for (const [id, { atMs }] of this.#pending) if (atMs <= throughMs) this.#pending.delete(id);
  }
}
