// The listener's page: somebody else's broadcast, to read and to hear in a language of one's own.

import { Broadcast, isBroadcast, likelyLanguage } from "./broadcast.js";
import { CaptionTable } from "./caption-table.js";
import { Captions } from "./captions.js";
import { at, offer } from "./elements.js";
import { Player } from "./player.js";
import { keepApiKey, openSocket } from "./service.js";

const PATH = "api/v1/ws/listen";
const KEPT = "sokuji-listen-language";
const TEXTS = {
  connecting: "Connecting", live: "Live", interrupted: "The speaker is away", lost: "Reconnecting", ended: "Over",
  problem: "Not connected",
};
const names = new Intl.DisplayNames(["en"], { type: "language" });
const broadcastId = new URLSearchParams(location.search).get("session") ?? "";

const nameOf = (code) => names.of(code);

class Page {
  #captions = new Captions((segment, isGone) => this.#table?.update(segment, isGone));
  #table;
  #player = null;
  #broadcast = null;
  #language = "";
  #hasVoice = false;

  constructor() {
    const elements = Object.fromEntries(["scroller", "rows", "newest", "empty"].map((id) => [id, at(id)]));
    this.#table = new CaptionTable({ ...elements, table: at("captions"), head: at("columns") }, this.#captions, nameOf);
    at("language").addEventListener("change", () => this.#chooseLanguage(at("language").value));
    at("voice").addEventListener("click", () => this.#toggleVoice());
    at("again").addEventListener("click", () => this.connect());
    setInterval(() => this.#mark(), 100);
    this.connect();
  }

  /** Join, or join again with another choice. */
  connect() {
    this.#broadcast?.close();
    this.#player?.stop();
    this.#captions.clear();
    at("again").hidden = at("key-form").hidden = true;
    complain("");
    show("connecting");
    this.#broadcast = new Broadcast(() => openSocket(PATH), broadcastId, (choices) => this.#choose(choices), {
      event: (event) => this.#take(event),
      voice: (event, pcm) => this.#player?.play(event.segment_id, pcm, event.sample_rate),
      lost: (problem) => this.#lost(problem),
      over: (problem, wasOffered) => this.#over(problem, wasOffered),
    });
  }

  #choose(choices) {
    this.#language = likelyLanguage(choices, this.#language || localStorage.getItem(KEPT), navigator.languages);
    offer(at("language"), choices.languages.map((code) => [code, nameOf(code)]), this.#language);
    this.#hasVoice = choices.voiced.includes(this.#language);
    at("language").disabled = false;
    at("voice").disabled = !this.#hasVoice;
    this.#captions.targets = [this.#language];
    this.#table.render();
    this.#showVoice();
    return { language: this.#language, output: this.#player && this.#hasVoice ? "audio" : "captions" };
  }

  #chooseLanguage(language) {
    this.#language = language;
    localStorage.setItem(KEPT, language);
    this.connect();
  }

  // A browser plays nothing before its user has asked for it, so that the voice is off at first.
  #toggleVoice() {
    if (this.#player) {
      this.#player.close();
      this.#player = null;
    } else this.#player = new Player();
    this.connect();
  }

  #showVoice() {
    at("voice").setAttribute("aria-pressed", String(Boolean(this.#player)));
    at("voice").textContent = this.#hasVoice ? "Hear the voice" : "No voice in this language";
  }

  #take(event) {
    this.#captions.take(event);
    if (event.type === "joined") complain("");
    if (event.type === "joined" || event.type === "broadcast") show(event.state);
    else if (event.type === "translation" && event.text && !this.#player) {
      at("spoken").lang = event.target_language;
      at("spoken").textContent = event.text;
    } else if (event.type === "skipped") complain("The network is slow: some of the voice was left out.");
  }

  #lost(problem) {
    show("lost");
    complain(sentence(problem));
  }

  #over(problem, wasOffered) {
    this.#captions.end();
    show(problem ? "problem" : "ended");
    at("again").hidden = !problem;
    if (!problem) return;
    complain(sentence(problem));
    // The browser tells nobody why a handshake was refused.
    at("key-form").hidden = wasOffered;
  }

  #mark() {
    const id = this.#player?.now.segmentId ?? null;
    this.#table.mark(id === null ? null : this.#captions.withId(id)?.key ?? null);
  }
}

const sentence = (text) => (text && `${text[0].toUpperCase()}${text.slice(1)}.`.replace("..", "."));

function show(state) {
  at("state").dataset.state = state;
  if (at("state-text").textContent !== TEXTS[state]) at("state-text").textContent = TEXTS[state];
}

function complain(text) {
  if (at("problem").textContent !== text) at("problem").textContent = text;
}

function begin() {
  if (!isBroadcast(broadcastId)) {
    show("problem");
    complain("This link is incomplete. Ask the speaker for the whole link.");
    return;
  }
  const page = new Page();
  at("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keepApiKey(at("key").value.trim());
    at("key").value = "";
    page.connect();
  });
}

begin();
