// A live conversation: from the microphone through a session to the captions and the loudspeaker.

import { Activity } from "./activity.js";
import { Latency } from "./latency.js";
import { EchoDetector, SILENCE_DB, level } from "./levels.js";
import { FRAME_MS, Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { openSocket } from "./service.js";
import { Session } from "./session.js";
import { sessionConfig } from "./settings.js";

const MAX_BEHIND_S = 600;
const LOADS = { partials_slowed: "The service is busy", speculation_off: "The service is very busy" };
const NOTED_LAG_MS = 1000;
// A segment without words is not shown, and the load says why voices are left out.
const TOLD_ELSEWHERE = new Set(["not_recognised", "voice_left_out"]);

export class Talk {
  /** `opening`, `talking`, `reconnecting`, `finishing` or `over`. */
  phase = "opening";
  /** Loudness of the microphone in dB. */
  levelDb = SILENCE_DB;
  latency = new Latency();
  /** What the service says of its load; empty: nothing. */
  load = "";
  #settings;
  #captions;
  #on;
  #player = new Player();
  #microphone = null;
  #session = null;
  #activity;
  #echo = new EchoDetector();
  #echoIsKnown = false;
  #fedMs = 0;
  #isHeld = false;
  // Segments in the language that is to be heard already: a voice would only repeat the speaker.
  #repeats = new Set();

  /**
   * @param settings those of `possibleSettings`.
   * @param on what is told: `ready(sessionId)`; `event(event)`; `warn(text)`; `over(problem, code)`, once.
   */
  constructor(settings, captions, on) {
    [this.#settings, this.#captions, this.#on] = [settings, captions, on];
    this.#activity = new Activity(settings.targets);
  }

  /** Raises an `Error` with a message for people where there is no microphone. */
  async start() {
    const { microphone, speaker } = this.#settings;
    try {
      await this.#player.choose(speaker);
      this.#microphone = await Microphone.open(microphone, (frame) => this.#hear(frame), () => this.stop());
    } catch (error) {
      this.#player.close();
      this.phase = "over";
      throw error;
    }
    this.#captions.begin(this.#settings.targets);
    const config = {
      ...sessionConfig(this.#settings), sample_rate: this.#microphone.rate, output_sample_rate: this.#player.rate,
    };
    this.#session = new Session(openSocket, config, {
      event: (event) => this.#take(event),
      voice: (event, pcm) => this.#play(event, pcm),
      lost: (ack) => this.#lost(ack),
      over: (problem, code) => this.#over(problem, code),
    });
  }

  /** What to show: the phase, or what happens while talking (`listening`, `hearing`, `translating`, `muted`). */
  get state() {
    if (this.phase !== "talking") return this.phase;
    const { state } = this.#activity;
    return state === "listening" && this.#settings.pushToTalk && !this.#isHeld ? "muted" : state;
  }

  /** The segment whose voice is heard now; null: none. */
  get speaking() { return this.#player.now.segmentId; }

  /** Whether there is still a voice to be heard, after the end of the session too. */
  get isSpeaking() { return this.#player.isBusy; }

  /** Push-to-talk: the microphone is heard while it is held. */
  hold(isHeld) {
    if (this.#isHeld && !isHeld) this.#session?.flush();
    this.#isHeld = isHeld;
  }

  /** Stop the voice; captions go on. */
  silence() {
    this.#player.stop();
    this.#session?.cancel();
  }

  choose(speaker) { return this.#player.choose(speaker); }

  /** Listen no more, and deliver what was said. */
  stop() {
    if (this.phase === "finishing" || this.phase === "over") return;
    this.phase = "finishing";
    this.#microphone.close();
    this.levelDb = SILENCE_DB;
    this.#session.end();
  }

  /** When the last word has been heard. */
  close() { this.#player.close(); }

  #hear(frame) {
    if (!this.#session || this.phase === "finishing" || this.phase === "over") return;
    this.levelDb = level(frame);
    this.#fedMs += FRAME_MS;
    this.latency.fed(this.#fedMs, performance.now());
    // While it is not held, silence keeps the session's clock that of the microphone.
    if (this.#settings.pushToTalk && !this.#isHeld) frame.fill(0);
    else if (this.#echo.add(this.levelDb, this.#player.now.db) && !this.#echoIsKnown) this.#warnOfEcho();
    this.#session.feed(frame);
    if (this.#session.behindS > MAX_BEHIND_S) this.#session.close("the service is too far behind");
  }

  #warnOfEcho() {
    this.#echoIsKnown = true;
    this.#on.warn("The microphone hears the loudspeaker, so that the translation is translated again. "
      + "Use headphones, turn the voice down, or hold to talk.");
  }

  #take(event) {
    this.#captions.take(event);
    this.#activity.take(event);
    if (event.type !== "audio") this.latency.take(event, performance.now());
    if (event.type === "ready") {
      if (this.phase !== "finishing") this.phase = "talking";
      this.#on.ready(event.session_id);
    } else if (event.type === "translation" && event.source_language === event.target_language) {
      if (event.target_language === this.#settings.hear) this.#repeats.add(event.segment_id);
    } else if (event.type === "status") this.load = loadText(event);
    else if (event.type === "error" && !TOLD_ELSEWHERE.has(event.code) && !event.fatal) this.#on.warn(event.message);
    this.#on.event(event);
  }

  #play(event, pcm) {
    if (event.target_language !== this.#settings.hear || this.#repeats.has(event.segment_id)) return;
    this.latency.take(event, performance.now());
    this.#player.play(event.segment_id, pcm, event.sample_rate);
  }

  #lost(ack) {
    if (this.phase === "talking") this.phase = "reconnecting";
    this.#captions.rewind(ack);
    this.#activity.rewind();
    this.load = "";
  }

  #over(problem, code) {
    this.phase = "over";
    this.#microphone.close();
    this.levelDb = SILENCE_DB;
    this.load = "";
    this.#captions.end();
    this.#on.over(problem, code);
  }
}

function loadText({ load, lag_ms: lagMs, voice_left_out: isSilent }) {
  const busy = LOADS[load] ?? (isSilent ? "The service is behind" : "");
  if (!busy) return "";
  const lag = lagMs >= NOTED_LAG_MS ? `, ${(lagMs / 1000).toFixed(1)} s behind` : "";
  return `${busy}${lag}${isSilent ? ": translations are not spoken for now" : ""}.`;
}
