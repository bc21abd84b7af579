import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Broadcast, isBroadcast, likelyLanguage } from "../../../sokuji/api/web/static/broadcast.js";

const ID = "b".repeat(22);
const OFFER = { type: "offer", languages: ["en", "pt", "pt-PT"], voiced: ["en"] };

// A socket whose other end is the test.
class FakeSocket {
  sent = [];
  isClosed = false;

  send(data) { this.sent.push(JSON.parse(data)); }

  close() { this.isClosed = true; }

  tell(event) { this.onmessage({ data: JSON.stringify(event) }); }
}

function begun() {
  const sockets = [];
  const seen = { events: [], voices: [], lost: 0, over: [] };
  const open = () => sockets[sockets.push(new FakeSocket()) - 1];
  const broadcast = new Broadcast(open, ID, () => ({ language: "en", output: "audio" }), {
    event: (event) => seen.events.push(event.type), voice: (event, pcm) => seen.voices.push([event.segment_id, pcm]),
    lost: () => { seen.lost += 1; }, over: (problem, wasOffered) => seen.over.push([problem, wasOffered]),
  });
  return { broadcast, sockets, seen };
}

test("what was chosen of the offer is asked for, and a voice belongs to the event before it", () => {
  const { sockets: [socket], seen } = begun();
  socket.tell(OFFER);
  socket.tell({ type: "audio", segment_id: 3, event: 8 });
  const pcm = new ArrayBuffer(2);
  socket.onmessage({ data: pcm });
  assert.deepEqual(socket.sent, [{ type: "listen", broadcast: ID, language: "en", output: "audio" }]);
  assert.deepEqual(seen.voices, [[3, pcm]]);
});

for (const code of [1001, 1006, 1012, 1013]) {
  test(`after ${code} another connection goes on behind the last event`, () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { sockets, seen } = begun();
    sockets[0].tell(OFFER);
    sockets[0].tell({ type: "transcription", segment_id: 0, event: 41 });
    sockets[0].tell({ type: "skipped", skipped_ms: 5 });
    sockets[0].onclose({ code });
    mock.timers.tick(10_000);
    sockets[1].tell(OFFER);
    assert.deepEqual([sockets[1].sent[0].after, seen.lost, seen.over], [41, 1, []]);
    mock.timers.reset();
  });
}

test("whoever is never let in is told so, and does not try for ever", () => {
  const { sockets, seen } = begun();
  sockets[0].onclose({ code: 1006 });
  assert.deepEqual([sockets.length, seen.over], [1, [["the connection could not be opened", false]]]);
});

test("attempts that lead to nothing come to an end", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { sockets, seen } = begun();
  for (let attempt = 0; attempt < 40 && !seen.over.length; attempt += 1) {
    sockets.at(-1).tell(OFFER);
    sockets.at(-1).onclose({ code: 1013 });
    mock.timers.tick(10_000);
  }
  assert.deepEqual([sockets.length, seen.over.length], [13, 1]);
  mock.timers.reset();
});

test("the end is no problem, and a refusal has its reason", () => {
  const ended = begun();
  ended.sockets[0].tell(OFFER);
  ended.sockets[0].onclose({ code: 1000 });
  const refused = begun();
  refused.sockets[0].tell(OFFER);
  refused.sockets[0].tell({ type: "error", message: "there is no such broadcast", fatal: true });
  refused.sockets[0].onclose({ code: 1008 });
  assert.deepEqual([ended.seen.over, refused.seen.over], [[["", true]], [["there is no such broadcast", true]]]);
});

test("an error of a segment is none of the connection", () => {
  const { sockets: [socket] } = begun();
  socket.tell(OFFER);
  socket.tell({ type: "error", message: "no voice", segment_id: 2, fatal: false });
  assert.equal(socket.isClosed, false);
});

test("who leaves hears nothing more", () => {
  const { broadcast, sockets: [socket], seen } = begun();
  broadcast.close();
  assert.deepEqual([socket.isClosed, socket.onclose, seen.over], [true, null, []]);
});

test("the language that is offered first", () => {
  assert.equal(likelyLanguage(OFFER, "pt-PT", ["en-GB"]), "pt-PT");
  assert.equal(likelyLanguage(OFFER, "ja", ["pt-BR", "en"]), "pt");
  assert.equal(likelyLanguage(OFFER, null, ["ja"]), "en");
  assert.equal(likelyLanguage({ languages: ["fr"] }, "", []), "fr");
});

test("the id of a broadcast is not that of a session", () => {
  assert.deepEqual([ID, "a".repeat(32), "", `${ID}x`, ` ${ID.slice(1)}`].map(isBroadcast), [true, false, false, false, false]);
});
