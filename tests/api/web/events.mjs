// Events of a session, as docs/api.md has them.

export const heard = (id, text, more = {}) => ({
  type: "transcription", segment_id: id, text, language: "pt", is_final: true, stable_chars: [...text].length,
  start_ms: id * 1000, end_ms: id * 1000 + 900, ...more,
});

export const said = (id, text, language, clause = 0, isFinal = true) => ({
  type: "translation", segment_id: id, text, source_language: "pt", target_language: language, clause, is_final: isFinal,
});

export const growing = (id, text, language, stableChars, clause = 0) => ({
  type: "partial_translation", segment_id: id, text, source_language: "pt", target_language: language, clause,
  stable_chars: stableChars,
});
