import assert from "node:assert/strict";
import { test } from "node:test";

import { Activity } from "../../../sokuji/api/web/static/activity.js";
import { Latency } from "../../../sokuji/api/web/static/latency.js";
import { SILENCE_DB, level } from "../../../sokuji/api/web/static/levels.js";
import { overlayOptions } from "../../../sokuji/api/web/static/overlay-options.js";
import { heard, said } from "./events.mjs";

const started = (id) => ({ type: "speech", state: "started", at_ms: id * 1000, segment_id: id });
const stopped = (id) => ({ type: "speech", state: "stopped", at_ms: id * 1000 + 800, segment_id: id });

// Everything that ends the wait for a segment.
const ENDS = {
  "its translations": [said(0, "Hello", "en"), said(0, "Hola", "es")],
  "an error": [{ type: "error", segment_id: 0, code: "provider_failed" }],
  "an ack, where no words were heard": [{ type: "ack", through_ms: 900 }],
};
for (const [name, events] of Object.entries(ENDS)) {
  test(`"translating" ends with ${name}`, () => {
    const activity = new Activity(["en", "es"]);
    assert.equal(activity.state, "listening");
    activity.take(started(0));
    assert.equal(activity.state, "hearing");
    activity.take(stopped(0));
    for (const event of events) {
      assert.equal(activity.state, "translating");
      activity.take(event);
    }
    assert.equal(activity.state, "listening");
  });
}

test("what came before the end of the speech is not waited for", () => {
  const activity = new Activity(["en"]);
  activity.take(started(0));
  activity.take({ type: "ack", through_ms: 100 });
  activity.take(stopped(0));
  activity.take({ type: "ack", through_ms: 799 });
  assert.equal(activity.state, "translating");
  activity.rewind();
  assert.equal(activity.state, "listening");
});

test("latency counts from the end of the speech by the microphone's clock", () => {
  const latency = new Latency();
  assert.deepEqual(latency.typical, { captions: undefined, voice: undefined });
  latency.fed(1300, 5000);
  latency.take(heard(0, "Olá", { end_ms: 900 }), 5050);
  latency.take(said(0, "Hello", "en"), 5100);
  latency.take(said(0, "Hola", "es"), 5900);
  latency.take({ type: "audio", segment_id: 0, chunk: 0 }, 5300);
  assert.deepEqual(latency.typical, { captions: 500, voice: 700 });
});

test("latency is the typical one of the last sentences", () => {
  const latency = new Latency();
  for (let id = 0; id < 40; id++) {
    latency.take(heard(id, "Olá", { end_ms: id * 1000 }), 0);
    latency.fed(id * 1000, id * 1000);
    latency.take(said(id, "Hello", "en"), id * 1000 + (id < 30 ? 9000 : id === 35 ? 5000 : 400));
  }
  assert.equal(latency.typical.captions, 400);
});

test("a level is in decibels below full scale", () => {
  assert.equal(level(new Int16Array(80)), SILENCE_DB);
  assert.equal(level(new Int16Array()), SILENCE_DB);
  assert.ok(Math.abs(level(Int16Array.from({ length: 80 }, (_, at) => (at % 2 ? 32767 : -32767)))) < 0.01);
  assert.ok(Math.abs(level(new Int16Array(80).fill(3277)) + 20) < 0.01);
});

test("the address of an overlay is taken at its word", () => {
  const options = (query) => overlayOptions(new URLSearchParams(query));
  assert.deepEqual(options(""), { session: "", show: [], size: 42, background: "transparent" });
  assert.deepEqual(options("session=ab&show=source,pt-BR&size=60&background=green"),
    { session: "ab", show: ["source", "pt-BR"], size: 60, background: "green" });
  for (const [query, named] of [
    ["sesion=1", "session"], ["size=0", "12"], ["size=201", "200"], ["size=x", "size"], ["background=red", "dark"],
    ["show=", "show"], ["show=en,,pt", "show"], ["show=<b>", "show"],
  ]) assert.throws(() => options(query), (error) => error.message.includes(named), query);
});
