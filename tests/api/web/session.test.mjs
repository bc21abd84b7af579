import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { SentAudio } from "../../../sokuji/api/web/static/sent-audio.js";
import { Session } from "../../../sokuji/api/web/static/session.js";

const RATE = 1000;
const CONFIG = { target_languages: ["en"], sample_rate: RATE };

// A socket whose other end is the test.
class FakeSocket {
  readyState = 0;
  bufferedAmount = 0;
  sent = [];

  send(data) { this.sent.push(typeof data === "string" ? JSON.parse(data) : [...data]); }

  close() { this.readyState = 3; }

  accept() {
    this.readyState = 1;
    this.onopen();
  }

  tell(event) { this.onmessage({ data: JSON.stringify(event) }); }

  lose(code) {
    this.readyState = 3;
    this.onclose({ code });
  }

  get audio() { return this.sent.filter(Array.isArray).flat(); }
}

function begun(config = CONFIG) {
  const sockets = [];
  const seen = { events: [], voices: [], lost: [], over: [] };
  const open = () => sockets[sockets.push(new FakeSocket()) - 1];
  const session = new Session(open, config, {
    event: (event) => seen.events.push(event.type), voice: (event, pcm) => seen.voices.push([event.clause, pcm]),
    lost: (ack) => seen.lost.push(ack), over: (problem, code) => seen.over.push([problem, code]),
  });
  return { session, sockets, seen };
}

const READY = { type: "ready", session_id: "a".repeat(32) };
const samples = (from, to) => Int16Array.from({ length: to - from }, (_, at) => from + at);

test("what is said before the socket is open is sent, after the config", () => {
  const { session, sockets: [socket] } = begun();
  session.feed(samples(0, 80));
  session.end();
  socket.accept();
  assert.deepEqual([socket.sent[0], socket.audio, socket.sent.at(-1)],
    [{ type: "config", ...CONFIG }, [...samples(0, 80)], { type: "end" }]);
});

test("audio after the end, and a second end, are not sent", () => {
  const { session, sockets: [socket] } = begun();
  socket.accept();
  session.end();
  session.feed(samples(0, 80));
  session.end();
  assert.equal(socket.sent.length, 2);
});

test("a binary frame is the voice of the event before it", () => {
  const { sockets: [socket], seen } = begun();
  socket.accept();
  socket.tell({ type: "audio", clause: 4 });
  socket.onmessage({ data: "pcm".length && new ArrayBuffer(2) });
  assert.deepEqual(seen.voices.map(([clause, pcm]) => [clause, pcm.byteLength]), [[4, 2]]);
});

for (const code of [1006, 1012]) {
  test(`after ${code} it goes on where the last ack left it`, (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { session, sockets, seen } = begun();
    sockets[0].accept();
    sockets[0].tell(READY);
    session.feed(samples(0, 80));
    session.feed(samples(80, 160));
    sockets[0].tell({ type: "ack", through_ms: 100, text: "words", clauses: 1 });
    sockets[0].lose(code);
    session.feed(samples(160, 200));
    context.mock.timers.tick(1000);
    sockets[1].accept();
    assert.deepEqual(sockets[1].sent[0], {
      type: "config", ...CONFIG, session_id: READY.session_id, resume_from_ms: 100, resume_text: "words",
    });
    assert.deepEqual(sockets[1].audio, [...samples(100, 200)]);
    assert.equal(seen.lost[0].through_ms, 100);
    session.end();
    sockets[1].lose(1000);
    assert.deepEqual(seen.over, [["", 1000]]);
  });
}

test("an end that was told to a lost socket is told again", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { session, sockets } = begun();
  sockets[0].accept();
  sockets[0].tell(READY);
  session.feed(samples(0, 80));
  session.end();
  sockets[0].lose(1006);
  context.mock.timers.tick(1000);
  sockets[1].accept();
  assert.deepEqual([sockets[1].audio, sockets[1].sent.at(-1)], [[...samples(0, 80)], { type: "end" }]);
});

test("it gives up after ten attempts, and waits longer before each", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sockets, seen } = begun();
  sockets[0].accept();
  sockets[0].tell(READY);
  for (let attempt = 0; attempt <= 10; attempt++) {
    assert.equal(sockets.length, attempt + 1);
    sockets[attempt].lose(1006);
    context.mock.timers.tick(8000);
  }
  assert.deepEqual([sockets.length, seen.over.length, seen.over[0][1]], [11, 1, 1006]);
});

for (const [code, isReady, message] of [[1006, false, ""], [1008, true, "the key was revoked"], [1013, true, "full"], [1011, true, ""]]) {
  test(`${code} ${isReady ? "after" : "before"} ready is the end`, () => {
    const { sockets: [socket], seen } = begun();
    socket.accept();
    if (isReady) socket.tell(READY);
    if (message) socket.tell({ type: "error", message, fatal: true });
    socket.lose(code);
    assert.equal(seen.over.length, 1);
    assert.ok(seen.over[0][0].includes(message) && seen.over[0][0]);
  });
}

test("a recording is sent no faster than the network takes it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { session, sockets: [socket] } = begun();
  socket.accept();
  socket.bufferedAmount = 2 ** 20;
  session.feed(samples(0, 80));
  session.end();
  assert.equal(socket.sent.length, 1);
  socket.bufferedAmount = 0;
  context.mock.timers.tick(100);
  assert.deepEqual([socket.audio, socket.sent.at(-1)], [[...samples(0, 80)], { type: "end" }]);
});

test("whatever is acknowledged and lost, the rest is sent in order and nothing else", () => {
  let state = 1;
  const next = (below) => (state = (state * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 300; round++) {
    const audio = new SentAudio(RATE);
    let [fed, acked, expected, sent] = [0, 0, 0, []];
    for (let step = 0; step < 30; step++) {
      const action = next(4);
      if (action === 0) {
        const length = 1 + next(90);
        audio.add(samples(fed, fed + length));
        fed += length;
      } else if (action === 1) for (let frame; (frame = audio.next());) sent.push(...frame);
      else if (action === 2 && sent.length) {
        acked = Math.max(acked, expected + next(sent.length + 1));
        audio.drop(acked);
      } else if (action === 3) {
        audio.rewind();
        [expected, sent] = [acked, []];
      }
    }
    for (let frame; (frame = audio.next());) sent.push(...frame);
    assert.deepEqual(sent, [...samples(expected, fed)]);
    assert.equal(Math.round(audio.seconds * RATE), fed - acked);
  }
});

mock.reset();
