import assert from "node:assert/strict";
import { test } from "node:test";

import { LINE_COLUMNS, columns, cues, lines } from "../../../sokuji/api/web/static/cues.js";
import { transcript } from "../../../sokuji/api/web/static/transcript.js";

const segment = (startMs, endMs, text, translations = {}) => ({
  startMs, endMs, text, language: "pt",
  translations: Object.fromEntries(Object.entries(translations).map(([code, said]) => [code, { texts: [said] }])),
});
const CAPTIONS = {
  targets: ["en", "es"],
  segments: [
    segment(500, 2000, "Olá.", { en: "Hello.", es: "Hola." }),
    segment(3_723_004, 3_725_000, "1 < 2 & 3 --> 4", { en: "1 < 2 & 3 --> 4" }),
  ],
};

function random(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 2 ** 31 * below);
  };
}

test("each format says what was said, and when", () => {
  assert.equal(transcript(CAPTIONS, "en", "txt"), "Hello.\n1 < 2 & 3 --> 4\n");
  assert.equal(transcript(CAPTIONS, "all", "txt").split("\n\n")[0], "Olá.\nHello.\nHola.");
  assert.equal(transcript(CAPTIONS, "es", "srt"), "1\n00:00:00,500 --> 00:00:02,000\nHola.\n");
  assert.match(transcript(CAPTIONS, "en", "vtt"), /^WEBVTT\n\n1\n00:00:00\.500 --> 00:00:02\.000\nHello\.\n\n2\n01:02:03\.004 --> 01:02:05\.000\n1 &lt; 2 &amp; 3 --&gt; 4\n$/u);
  assert.deepEqual(JSON.parse(transcript(CAPTIONS, "all", "json")).segments[0], {
    start_ms: 500, end_ms: 2000, language: "pt", text: "Olá.", translations: { en: "Hello.", es: "Hola." },
  });
});

test("an empty transcript is a valid file", () => {
  const none = { targets: [], segments: [] };
  assert.equal(transcript(none, "source", "vtt"), "WEBVTT\n\n");
  assert.deepEqual(JSON.parse(transcript(none, "source", "json")).segments, []);
});

test("no word is lost or doubled, no line is too long, and no two cues overlap", () => {
  const next = random(7);
  const alphabet = ["word ", "a ", "translation ", "日本語", "。", "x".repeat(60), " ", "é ", "\n"];
  for (let round = 0; round < 500; round++) {
    let atMs = 0;
    const segments = Array.from({ length: 1 + next(4) }, () => {
      // Segments may touch, overlap or have no length.
      const startMs = Math.max(0, atMs + next(400) - 100);
      atMs = startMs + next(9000);
      return segment(startMs, atMs, Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join(""));
    });
    const made = cues(segments, "source");
    const bare = (text) => text.replace(/\s/gu, "");
    assert.equal(bare(made.flatMap((cue) => cue.lines).join("")), bare(segments.map(({ text }) => text).join("")));
    for (const [place, { startMs, endMs, lines: shown }] of made.entries()) {
      assert.ok(startMs < endMs && shown.length <= 2 && startMs >= (made[place - 1]?.endMs ?? 0));
      assert.ok(shown.every((line) => columns(line) <= LINE_COLUMNS));
    }
  }
});

test("words stay whole, and have one space between them", () => {
  assert.deepEqual(lines("  one\ntwo  three "), ["one two three"]);
  assert.ok(lines("the quick brown fox jumps over the lazy dog and runs away").every((line) => !/^\s|\s$/u.test(line)));
});
