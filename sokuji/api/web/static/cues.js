// Subtitle cues from the segments of a transcript: at most two lines of 42 columns each, as the service itself
// makes them (docs/api.md). A wide character takes two columns. A long segment becomes several cues, which
// share its time by their length.

import { textOf } from "./captions.js";

export const LINE_COLUMNS = 42;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u;
const MIN_CUE_MS = 1;

/** Width of a text in columns. */
export function columns(text) {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

// Words, or single characters where they are wide: there a line may end after each of them.
function pieces(text) {
  const words = text.split(/\s+/u).filter(Boolean);
  return words.flatMap((word, at) => {
    const parts = WIDE.test(word) || columns(word) > LINE_COLUMNS ? [...word] : [word];
    return parts.map((part, place) => ({ part, gap: at > 0 && place === 0 ? " " : "" }));
  });
}

/** A text in lines of at most `LINE_COLUMNS` columns, each as long as it can be. */
export function lines(text) {
  const made = [];
  for (const { part, gap } of pieces(text)) {
    const longer = made.length ? made.at(-1) + gap + part : "";
    if (longer && columns(longer) <= LINE_COLUMNS) made[made.length - 1] = longer;
    else made.push(part);
  }
  return made;
}

/** The cues of a column, in order and without overlap: `{startMs, endMs, lines}`. */
export function cues(segments, column) {
  const made = [];
  for (const segment of segments) {
    const all = lines(textOf(segment, column));
    const width = all.reduce((sum, line) => sum + columns(line), 0);
    let startMs = Math.max(segment.startMs, made.at(-1)?.endMs ?? 0);
    const begin = startMs;
    const durationMs = Math.max(segment.endMs - begin, MIN_CUE_MS * all.length);
    let said = 0;
    for (let at = 0; at < all.length; at += 2) {
      const shown = all.slice(at, at + 2);
      said += columns(shown.join(""));
      const endMs = Math.max(startMs + MIN_CUE_MS, Math.round(begin + durationMs * said / width));
      made.push({ startMs, endMs, lines: shown });
      startMs = endMs;
    }
  }
  return made;
}
