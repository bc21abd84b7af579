import assert from "node:assert/strict";
import { test } from "node:test";

import {
  defaultTarget, keepSettings, keptSettings, possibleSettings, sessionConfig,
} from "../../../sokuji/api/web/static/settings.js";

const voice = (id, ...languages) => ({ id, supported_languages: languages });
// As with the embedded models: text from English and Portuguese to each other, speech from all others to both.
const INFO = {
  text_pairs: [["en", "pt"], ["pt", "en"]],
  speech_pairs: [["de", "en"], ["de", "pt"], ["en", "pt"], ["pt", "en"], ["ja", "en"], ["ja", "pt"]],
  voices: [voice("joe", "en"), voice("jf", "en", "pt")],
};

for (const [browser, target] of [
  [["en-US", "en"], "pt"], [["pt-BR"], "en"], [["de-DE", "pt"], "pt"], [["de"], "en"], [["fr-FR", "en-GB"], "pt"], [["xx"], "en"], [[], "en"],
]) {
  test(`whoever speaks ${browser.join(", ") || "nothing known"} is translated to ${target}, and not repeated`, () => {
    assert.equal(defaultTarget(INFO, "auto", browser), target);
  });
}

function storage(text) {
  const items = new Map(text === undefined ? [] : [["sokuji-settings", text]]);
  return { getItem: (name) => items.get(name) ?? null, setItem: (name, value) => items.set(name, value) };
}

test("what was chosen is kept", () => {
  const kept = storage();
  const chosen = { ...keptSettings(kept), source: "de", targets: ["pt", "en"], hear: "en", voice: "joe", pushToTalk: true };
  keepSettings(kept, chosen);
  assert.deepEqual(possibleSettings(keptSettings(kept), INFO, ["en"]), chosen);
});

for (const text of ["", "null", "[]", "{", '"x"', "3", '{"targets": "en", "source": 5, "speaks": "yes", "voice": null}']) {
  test(`kept settings of ${text || "nothing"} do no harm`, () => {
    const settings = possibleSettings(keptSettings(storage(text)), INFO, ["en"]);
    assert.deepEqual([settings.source, settings.targets, settings.hear, settings.voice], ["auto", ["pt"], "pt", "default"]);
  });
}

test("what the service no longer offers is replaced", () => {
  const gone = { ...keptSettings(storage()), source: "xx", targets: ["fr", "en", "en"], hear: "fr", voice: "amy" };
  const { source, targets, hear, voice: chosen } = possibleSettings(gone, INFO, ["pt"]);
  assert.deepEqual([source, targets, hear, chosen], ["auto", ["en"], "en", "default"]);
  const silent = possibleSettings(gone, { ...INFO, voices: [] }, ["pt"]);
  assert.equal(sessionConfig(silent).output, "captions");
});

test("a session asks for the voice that was chosen, or for captions only", () => {
  const settings = possibleSettings({ ...keptSettings(storage()), targets: ["en"], voice: "joe" }, INFO, ["pt"]);
  assert.deepEqual(sessionConfig(settings), {
    source_language: "auto", target_languages: ["en"], partials: true, audio_encoding: "pcm_binary", voice_id: "joe",
  });
  const { output, voice_id: id, commit } = sessionConfig({ ...settings, speaks: false, commit: "clause" });
  assert.deepEqual([output, id, commit], ["captions", undefined, "clause"]);
});
