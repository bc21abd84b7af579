import assert from "node:assert/strict";
import { test } from "node:test";

import { Captions, MAX_SEGMENTS, columnsOf, joined, partialOf, textOf } from "../../../sokuji/api/web/static/captions.js";
import { growing, heard, said } from "./events.mjs";

const shown = (captions, column = "en") => captions.segments.map((segment) => textOf(segment, column));

test("clauses are joined as their language is written", () => {
  assert.equal(joined(["One", "", "two."], "en"), "One two.");
  assert.equal(joined(["你好，", "世界。"], "zh"), "你好，世界。");
});

test("a partial transcript is replaced, and translations are added up by language", () => {
  const captions = new Captions();
  captions.begin(["en", "es"]);
  captions.take(heard(3, "Bom", { is_final: false, stable_chars: 0 }));
  captions.take(heard(3, "Bom dia. Tudo bem?"));
  captions.take(said(3, "Good morning.", "en", 0, false));
  captions.take(said(3, "Buenos días.", "es", 0, true));
  captions.take(said(3, "All well?", "en", 1, true));
  assert.deepEqual(columnsOf(captions), ["source", "en", "es"]);
  assert.deepEqual(["source", "en", "es"].map((column) => shown(captions, column)), [
    ["Bom dia. Tudo bem?"], ["Good morning. All well?"], ["Buenos días."],
  ]);
});

test("a clause that grows is shown behind those before it, until its translation comes", () => {
  const captions = new Captions();
  captions.begin(["en"]);
  captions.take(said(0, "If it rains,", "en", 0, false));
  captions.take(growing(0, "we stay at", "en", 7, 1));
  assert.deepEqual(shown(captions), ["If it rains,"]);
  assert.deepEqual(partialOf(captions.segments[0], "en"), { stable: "we stay", open: " at" });
  captions.take(said(0, "we stay home.", "en", 1));
  assert.deepEqual(shown(captions), ["If it rains, we stay home."]);
  assert.deepEqual(partialOf(captions.segments[0], "en"), { stable: "", open: "" });
  captions.take(growing(1, "Good", "en", 0));
  captions.end();
  assert.deepEqual(partialOf(captions.segments[0], "en"), { stable: "", open: "" });
});

test("a translation may come before its transcript, and what was not recognised leaves nothing", () => {
  const captions = new Captions();
  captions.begin(["en"]);
  captions.take(said(1, "First", "en", 0, false));
  captions.take(heard(2, "é", { is_final: false }));
  captions.take({ type: "error", segment_id: 2, code: "not_recognised", message: "no words", fatal: false });
  captions.take({ type: "error", segment_id: 9, code: "not_recognised", message: "no words", fatal: false });
  captions.end();
  assert.deepEqual(shown(captions), ["First"]);
});

for (const code of ["no_voice", "voice_left_out"]) {
  test(`${code} concerns the voice alone`, () => {
    const captions = new Captions();
    captions.begin(["en"]);
    captions.take(heard(1, "Olá"));
    captions.take({ type: "error", segment_id: 1, code, message: "silent", fatal: false });
    captions.take(said(1, "Hello", "en"));
    assert.deepEqual([shown(captions), captions.segments[0].problem], [["Hello"], ""]);
  });
}

test("a segment that failed says why and is over", () => {
  const captions = new Captions();
  captions.begin(["en"]);
  captions.take(heard(1, "Olá"));
  captions.take({ type: "error", segment_id: 1, code: "provider_failed", message: "it failed", fatal: false });
  assert.equal(captions.segments[0].problem, "it failed");
});

test("the times of a session continue those of the one before, and its ids begin anew", () => {
  const captions = new Captions();
  captions.begin(["en"]);
  captions.take(heard(0, "um", { start_ms: 500, end_ms: 2000 }));
  captions.begin(["en"]);
  captions.take(heard(0, "dois", { start_ms: 500, end_ms: 900 }));
  assert.deepEqual(captions.segments.map(({ startMs, endMs }) => [startMs, endMs]), [[500, 2000], [2500, 2900]]);
});

// A conversation of segments with three clauses each is cut at every event, after an ack that may cover some
// clauses of a segment; then the service says the rest again, as docs/api.md describes.
test("whatever a lost connection has said twice is shown once", () => {
  const texts = [0, 1, 2].map((id) => ["a", "b", "c"].map((clause) => `${id}${clause}`));
  const events = texts.flatMap((clauses, id) => [
    heard(id, clauses[0], { is_final: false, start_ms: id * 1000, end_ms: id * 1000 + 500 }),
    ...clauses.map((text, clause) => said(id, text, "en", clause, clause === 2)),
    heard(id, clauses.join(" "), { start_ms: id * 1000, end_ms: id * 1000 + 900 }),
  ]);
  for (let cut = 1; cut <= events.length; cut++) {
    const before = events.slice(0, cut);
    const translated = before.filter(({ type }) => type === "translation");
    for (let covered = 0; covered <= translated.length; covered++) {
      // An ack comes after all that it covers, the final transcript too.
      const heardWhole = before.filter(({ type, is_final: isFinal }) => type === "transcription" && isFinal).length;
      const id = Math.min(Math.floor(covered / 3), heardWhole);
      const clauses = covered - 3 * id;
      const captions = new Captions();
      captions.begin(["en"]);
      before.forEach((event) => captions.take(event));
      const text = texts[id]?.slice(0, clauses).join(" ") ?? "";
      captions.rewind({ through_ms: id * 1000, text, clauses });
      for (const again of [0, 1, 2].filter((each) => each >= id)) {
        const left = texts[again].slice(again === id ? clauses : 0);
        captions.take(heard(again + 50, texts[again].join(" "), { start_ms: again * 1000, end_ms: again * 1000 + 900 }));
        left.forEach((clause, place) => captions.take(said(again + 50, clause, "en", place, place === left.length - 1)));
        if (!left.length) captions.take(said(again + 50, "", "en", 0, true));
      }
      assert.deepEqual(shown(captions), texts.map((clause) => clause.join(" ")), `cut ${cut}, covered ${covered}`);
    }
  }
});

test("captions outlive the page, and what is no caption is dropped", () => {
  const captions = new Captions();
  captions.begin(["en"]);
  captions.take(heard(0, "Olá"));
  captions.take(said(0, "Hello", "en"));
  const saved = JSON.parse(JSON.stringify(captions));
  const restored = new Captions();
  restored.restore(saved);
  assert.deepEqual(shown(restored), ["Hello"]);
  restored.begin(["en"]);
  restored.take(heard(0, "um"));
  assert.deepEqual(shown(restored, "source"), ["Olá", "um"]);
  for (const broken of [null, 1, "x", {}, { segments: [] }, { targets: [], segments: 3 }]) {
    restored.restore(broken);
    assert.deepEqual(restored.segments, []);
  }
  restored.restore({ targets: ["en", 3], segments: [null, 5, { text: "x" }, { ...saved.segments[0], translations: null }, ...saved.segments] });
  assert.deepEqual([shown(restored), restored.targets], [["Hello"], ["en"]]);
});

test("a page that is open for days keeps the newest captions", () => {
  const gone = [];
  const captions = new Captions((segment, isGone) => isGone && gone.push(segment.text));
  captions.begin(["en"]);
  for (let id = 0; id < MAX_SEGMENTS + 2; id++) captions.take(heard(id, `${id}`));
  assert.deepEqual([captions.segments.length, gone], [MAX_SEGMENTS, ["0", "1"]]);
});
