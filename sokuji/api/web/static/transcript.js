// A transcript as a file: plain text, SubRip, WebVTT or JSON.

import { columnsOf, textOf } from "./captions.js";
import { cues } from "./cues.js";

export const FORMATS = {
  txt: { label: "Text", type: "text/plain" },
  srt: { label: "SubRip", type: "application/x-subrip" },
  vtt: { label: "WebVTT", type: "text/vtt" },
  json: { label: "JSON", type: "application/json" },
};

function time(ms, decimal) {
  const padded = (value, digits = 2) => String(value).padStart(digits, "0");
  const seconds = Math.floor(ms / 1000);
  return `${padded(Math.floor(seconds / 3600))}:${padded(Math.floor(seconds / 60) % 60)}:${padded(seconds % 60)}`
    + `${decimal}${padded(Math.floor(ms % 1000), 3)}`;
}

const escaped = (line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function json(captions) {
  return JSON.stringify({
    targets: captions.targets,
    segments: captions.segments.map((segment) => ({
      start_ms: segment.startMs, end_ms: segment.endMs, language: segment.language, text: segment.text,
      translations: Object.fromEntries(
        Object.keys(segment.translations).map((language) => [language, textOf(segment, language)])),
    })),
  }, null, 2) + "\n";
}

function text(captions, column) {
  const shown = column === "all" ? columnsOf(captions) : [column];
  const paragraphs = captions.segments
    .map((segment) => shown.map((each) => textOf(segment, each)).filter(Boolean).join("\n"))
    .filter(Boolean);
  return paragraphs.join(column === "all" ? "\n\n" : "\n") + "\n";
}

function subtitles(captions, column, format) {
  const [decimal, header, shown] = format === "vtt" ? [".", "WEBVTT\n\n", escaped] : [",", "", (line) => line];
  return header + cues(captions.segments, column).map(({ startMs, endMs, lines }, at) => (
    `${at + 1}\n${time(startMs, decimal)} --> ${time(endMs, decimal)}\n${lines.map(shown).join("\n")}\n`
  )).join("\n");
}

/** The file of a format; `column` is `source`, a target language, or `all`, which is for text and JSON alone. */
export function transcript(captions, column, format) {
  if (format === "json") return json(captions);
  return format === "txt" ? text(captions, column) : subtitles(captions, column, format);
}
