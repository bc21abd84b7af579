// The captions of one page: what was heard and its translations, segment by segment, in the order of speech.
//
// They are made from the service's events (docs/api.md), and nothing else. Several sessions may follow each
// other: the times of each begin where those of the one before ended. Whoever shows them is told which
// segments have changed.

const UNSPACED = new Set(["zh", "ja", "th", "lo", "km", "my", "bo", "yue"]);
export const MAX_SEGMENTS = 2000;

/** Texts that follow each other, as one text of a language. */
export function joined(texts, language) {
  return texts.filter(Boolean).join(UNSPACED.has(language.split("-")[0]) ? "" : " ");
}

export class Captions {
  #byId = new Map();
  #offsetMs = 0;
  #nextKey = 0;
  // The segment of a lost connection whose end is said again under another id.
  #begun = null;

  /** @param onChange is given the segment that is new, changed or, with `true`, gone. */
  constructor(onChange = () => {}) {
    this.segments = [];
    this.targets = [];
    this.onChange = onChange;
  }

  /** A session begins, which translates to these languages. */
  begin(targets) {
    this.#closeOpen();
    this.#byId.clear();
    this.#begun = null;
    this.#offsetMs = this.segments.at(-1)?.endMs ?? 0;
    this.targets = [...targets];
  }

  /** The session is over: nothing will change any more. */
  end() { this.#closeOpen(); }

  /** Take over what an event says; others than those of captions are ignored. */
  take(event) {
    if (event.type === "transcription") this.#heard(event);
    else if (event.type === "translation") this.#translated(event);
    else if (event.type === "partial_translation") this.#translatedInPart(event);
    else if (event.type === "error" && event.segment_id !== undefined) this.#failed(event);
  }

  /** The service will say again what is behind the last ack, except the clauses that it counts. */
  rewind({ through_ms: throughMs, text, clauses = 0 }) {
    for (const [id, segment] of this.#byId) {
      if (segment.endMs - this.#offsetMs <= throughMs && segment.isFinal) continue;
      this.#byId.delete(id);
      if (text && !this.#begun) {
        for (const translation of Object.values(segment.translations)) {
          translation.kept += translation.clauses.splice(0).slice(0, clauses).length;
          translation.texts.length = Math.min(translation.texts.length, translation.kept);
          translation.isFinal = false;
        }
        this.#begun = segment;
        this.onChange(segment);
      } else this.#remove(segment);
    }
  }

  clear() {
    this.segments.splice(0).forEach((segment) => this.onChange(segment, true));
    this.#byId.clear();
    this.#begun = null;
    this.#offsetMs = 0;
  }

  /** The segment of the running session with this id; undefined where it has none. */
  withId(id) { return this.#byId.get(id); }

  toJSON() { return { targets: this.targets, segments: this.segments.slice(-MAX_SEGMENTS) }; }

  /** Replace all captions with those of `toJSON`. Malformed ones are dropped. */
  restore(saved) {
    this.clear();
    if (!Array.isArray(saved?.segments) || !Array.isArray(saved.targets)) return;
    this.targets = saved.targets.filter((language) => typeof language === "string");
    for (const segment of saved.segments.filter(isSegment)) {
      segment.key = this.#nextKey++;
      this.segments.push(segment);
      this.onChange(segment);
    }
  }

  #heard({ segment_id: id, text, language, is_final: isFinal, stable_chars: stableChars, ...times }) {
    const segment = this.#segment(id);
    Object.assign(segment, {
      text, language, isFinal, stableChars,
      startMs: this.#offsetMs + times.start_ms, endMs: this.#offsetMs + times.end_ms,
    });
    this.onChange(segment);
  }

  #translated({ segment_id: id, text, target_language: language, clause, is_final: isFinal }) {
    const segment = this.#segment(id);
    const translation = (segment.translations[language] ??= noTranslation());
    if (text) {
      translation.texts.push(text);
      translation.clauses.push(clause);
    }
    translation.partial = null;
    translation.isFinal = isFinal;
    this.onChange(segment);
  }

  #translatedInPart({ segment_id: id, text, target_language: language, stable_chars: stableChars }) {
    const segment = this.#segment(id);
    const translation = (segment.translations[language] ??= noTranslation());
    translation.partial = { text, stableChars };
    this.onChange(segment);
  }

  #failed({ segment_id: id, code, message }) {
    // Only the voice is missing: the words come all the same.
    if (code === "no_voice" || code === "voice_left_out") return;
    const segment = this.#segment(id);
    if (code === "not_recognised") {
      this.#byId.delete(id);
      this.#remove(segment);
      return;
    }
    segment.problem = message;
    segment.isFinal = true;
    this.onChange(segment);
  }

  #segment(id) {
    let segment = this.#byId.get(id);
    if (segment) return segment;
    segment = this.#begun;
    this.#begun = null;
    if (!segment) {
      const startMs = this.segments.at(-1)?.endMs ?? this.#offsetMs;
      segment = {
        key: this.#nextKey++, text: "", language: "", stableChars: 0, isFinal: false, startMs, endMs: startMs,
        translations: {}, problem: "",
      };
      this.segments.push(segment);
      if (this.segments.length > MAX_SEGMENTS) this.#remove(this.segments[0]);
    }
    this.#byId.set(id, segment);
    return segment;
  }

  #remove(segment) {
    this.segments.splice(this.segments.indexOf(segment), 1);
    this.onChange(segment, true);
  }

  // What a lost or stopped session has left open will get no more words.
  #closeOpen() {
    for (const segment of [...this.segments]) {
      if (segment.isFinal && Object.values(segment.translations).every(({ isFinal }) => isFinal)) continue;
      segment.isFinal = true;
      for (const translation of Object.values(segment.translations)) {
        Object.assign(translation, { isFinal: true, partial: null });
      }
      const hasWords = segment.text || Object.values(segment.translations).some(({ texts }) => texts.length);
      if (hasWords) this.onChange(segment);
      else this.#remove(segment);
    }
  }
}

// `partial`: the clause that is still being spoken, as far as it has been translated; null: none is.
function noTranslation() {
  return { texts: [], clauses: [], kept: 0, isFinal: false, partial: null };
}

function isSegment(value) {
  return typeof value?.text === "string" && typeof value.language === "string"
    && Number.isFinite(value.startMs) && Number.isFinite(value.endMs)
    && typeof value.translations === "object" && value.translations !== null
    && Object.values(value.translations).every(({ texts }) => Array.isArray(texts));
}

/** What is shown of a segment in a column: `source`, or a target language. */
export function textOf(segment, column) {
  if (column === "source") return segment.text;
  return joined(segment.translations[column]?.texts ?? [], column);
}

/** The words of a column that may still change are behind those that do not: `{ stable, open }`. */
export function partialOf(segment, column) {
  const { text, stableChars } = column === "source"
    ? { text: segment.text, stableChars: segment.isFinal ? Infinity : segment.stableChars }
    : segment.translations[column]?.partial ?? { text: "", stableChars: 0 };
  const characters = [...text];
  return { stable: characters.slice(0, stableChars).join(""), open: characters.slice(stableChars).join("") };
}

/** The source and every target language, in the order in which they came up. */
export function columnsOf({ targets, segments }) {
  const languages = segments.flatMap(({ translations }) => Object.keys(translations));
  return ["source", ...new Set([...targets, ...languages])];
}
