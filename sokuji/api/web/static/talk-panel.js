// The buttons and displays of a live conversation.

import { at } from "./elements.js";
import { SILENCE_DB } from "./levels.js";
import { complain, showState } from "./status.js";
import { Talk } from "./talk.js";

const REFRESH_MS = 100;
const HINTS = { held: "Release to translate.", waiting: "Hold the button or the space bar, and speak." };

export class TalkPanel {
  #page;
  #talk = null;
  #timer = 0;

  /**
   * @param page what is shared with other panels: `form`, `captions`, `table`, `busy(isBusy)`, `sessionReady(id)`,
   *   `sessionEvent(event)`, `sessionOver(problem, code)`.
   */
  constructor(page) {
    this.#page = page;
    at("talk").addEventListener("click", () => this.#click());
    at("end").addEventListener("click", () => this.#stop());
    at("silence").addEventListener("click", () => {
      this.#talk?.silence();
      at("talk").focus();
    });
    this.#listenForHolding();
    this.show();
  }

  get #isLive() { return this.#talk !== null && this.#talk.phase !== "over"; }

  get #isPushToTalk() { return this.#page.form.settings.pushToTalk; }

  /** The settings have changed. */
  changed() {
    this.#talk?.choose(this.#page.form.settings.speaker);
    this.show();
  }

  show() {
    const holds = this.#isLive && this.#isPushToTalk;
    const talk = at("talk");
    const label = !this.#isLive ? "Start talking" : holds ? "Hold to talk" : "Stop";
    if (talk.textContent !== label) talk.textContent = label;
    talk.classList.toggle("live", this.#isLive && !holds);
    if (!holds) talk.classList.remove("held");
    at("end").hidden = !holds;
    at("talk-hint").textContent = holds ? HINTS[talk.classList.contains("held") ? "held" : "waiting"] : "";
  }

  #click() {
    if (!this.#isLive) this.#start();
    else if (!this.#isPushToTalk) this.#stop();
  }

  async #start() {
    this.#talk?.close();
    complain("");
    const { form, captions } = this.#page;
    const talk = this.#talk = new Talk(form.settings, captions, {
      ready: (id) => this.#page.sessionReady(id),
      event: (event) => this.#page.sessionEvent(event),
      warn: complain,
      over: (problem, code) => this.#over(problem, code),
    });
    this.#page.busy(true);
    this.#timer ||= setInterval(() => this.#refresh(), REFRESH_MS);
    this.#refresh();
    this.show();
    try {
      await talk.start();
      form.showDevices();
    } catch (error) {
      complain(`The microphone cannot be used: ${error.message}`);
      this.#over("", 0);
    }
  }

  #stop() {
    this.#talk.stop();
    at("talk").focus();
  }

  #over(problem, code) {
    this.#page.busy(false);
    this.#page.sessionOver(problem, code);
    this.show();
    this.#refresh();
  }

  // The talk button for mouse and touch, and the space bar wherever it has no other meaning.
  #listenForHolding() {
    const talk = at("talk");
    const isKey = ({ code, target }) => (code === "Space" || (code === "Enter" && target === talk))
      && (target === talk || !target.closest("input, select, textarea, button, summary, a, audio"));
    talk.addEventListener("pointerdown", (event) => {
      if (!this.#isLive || !this.#isPushToTalk) return;
      talk.setPointerCapture(event.pointerId);
      this.#hold(true);
    });
    for (const end of ["pointerup", "pointercancel"]) talk.addEventListener(end, () => this.#hold(false));
    addEventListener("keydown", (event) => {
      if (!isKey(event) || !this.#isLive || !this.#isPushToTalk) return;
      event.preventDefault();
      if (!event.repeat) this.#hold(true);
    });
    addEventListener("keyup", (event) => {
      if (!isKey(event) || !this.#isLive || !this.#isPushToTalk) return;
      event.preventDefault();
      this.#hold(false);
    });
    addEventListener("blur", () => this.#hold(false));
  }

  #hold(isHeld) {
    if (!this.#isLive || !this.#isPushToTalk) return;
    at("talk").classList.toggle("held", isHeld);
    this.#talk.hold(isHeld);
    this.show();
  }

  #refresh() {
    const talk = this.#talk;
    if (this.#isLive) showState(talk.state);
    else if (!talk.isSpeaking) {
      clearInterval(this.#timer);
      this.#timer = 0;
    }
    if (!this.#isLive && at("state").dataset.state !== "file") showState("ready");
    this.#showLevel(talk.levelDb);
    at("silence").hidden = !talk.isSpeaking;
    this.#page.table.mark(talk.speaking === null ? null : this.#page.captions.withId(talk.speaking)?.key ?? null);
    const { captions, voice } = talk.latency.typical;
    at("latency-captions").textContent = seconds(captions);
    at("latency-voice").textContent = seconds(voice);
    if (at("load").textContent !== talk.load) at("load").textContent = talk.load;
  }

  #showLevel(db) {
    const share = Math.max(0, 1 - db / SILENCE_DB);
    at("level").firstElementChild.style.setProperty("--share", share.toFixed(2));
    at("level").setAttribute("aria-valuenow", Math.round(Math.min(0, db)));
    at("level").setAttribute("aria-valuetext", this.#isLive ? `${Math.round(db)} decibels` : "off");
  }
}

const seconds = (ms) => (ms === undefined ? "–" : `${(ms / 1000).toFixed(1)} s`);
