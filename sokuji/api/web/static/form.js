// The form of the settings: offers what the service and this machine have, and keeps what is chosen.

import { at, offer } from "./elements.js";
import { Player } from "./player.js";
import {
  MAX_TARGETS, keepSettings, keptSettings, possibleSettings, targetsOf, voicesOf,
} from "./settings.js";

const COMMITS = [
  ["", "As the service does"], ["auto", "Sentences, or clauses if I run on"], ["clause", "Clause by clause"],
  ["utterance", "When I pause"],
];

export class Form {
  #info;
  #onChange;

  /** @param onChange is called after every change. */
  constructor(info, onChange) {
    [this.#info, this.#onChange] = [info, onChange];
    this.settings = possibleSettings(keptSettings(localStorage), info, navigator.languages);
    at("source").addEventListener("change", () => this.#change({ source: at("source").value }));
    at("voice").addEventListener("change", () => this.#chooseVoice());
    at("commit").addEventListener("change", () => this.#change({ commit: at("commit").value }));
    at("microphone").addEventListener("change", () => this.#change({ microphone: at("microphone").value }));
    at("speaker").addEventListener("change", () => this.#change({ speaker: at("speaker").value }));
    at("push-to-talk").addEventListener("change", () => this.#change({ pushToTalk: at("push-to-talk").checked }));
    at("broadcast").addEventListener("change", () => this.#change({ broadcast: at("broadcast").checked }));
    at("add-target").addEventListener("click", () => this.#addTarget());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.showDevices());
    this.#show();
    this.showDevices();
  }

  nameOf(language) { return this.#info.languages[language] ?? language; }

  /** While a session runs its settings stay; the loudspeaker can be changed. */
  lock(isLocked) {
    at("languages").disabled = isLocked;
    at("microphone").disabled = at("push-to-talk").disabled = isLocked;
  }

  /** Their names are known once the user has allowed a microphone. */
  async showDevices() {
    at("speaker-row").hidden = !Player.canChoose;
    const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
    for (const [id, kind] of [["microphone", "audioinput"], ["speaker", "audiooutput"]]) {
      const found = devices.filter((device) => device.kind === kind && !["", "default"].includes(device.deviceId));
      const named = found.map(({ deviceId, label }, place) => [deviceId, label || `Device ${place + 1}`]);
      offer(at(id), [["", "As the system chooses"], ...named], this.settings[id]);
    }
  }

  #change(change) {
    this.settings = possibleSettings({ ...this.settings, ...change }, this.#info, navigator.languages);
    keepSettings(localStorage, this.settings);
    this.#show();
    this.#onChange();
  }

  #show() {
    const { source, targets, commit, pushToTalk, broadcast } = this.settings;
    offer(at("source"), [["auto", "Any language"], ...this.#named(this.#info.speech_pairs.map(([from]) => from))], source);
    this.#showTargets();
    at("add-target").hidden = targets.length >= Math.min(MAX_TARGETS, this.#offered().length);
    this.#showVoices();
    offer(at("commit"), COMMITS, commit);
    at("push-to-talk").checked = pushToTalk;
    at("broadcast").checked = broadcast;
    const from = source === "auto" ? "Any language" : this.nameOf(source);
    at("summary").textContent = `${from} → ${targets.map((language) => this.nameOf(language)).join(", ")}`;
  }

  #offered() { return targetsOf(this.#info, this.settings.source); }

  // The selects stay the same elements, so that the focus does.
  #showTargets() {
    const { targets } = this.settings;
    while (at("targets").children.length > targets.length) at("targets").lastElementChild.remove();
    while (at("targets").children.length < targets.length) at("targets").append(this.#targetRow());
    [...at("targets").children].forEach((row, place) => {
      const others = targets.filter((_, other) => other !== place);
      offer(row.querySelector("select"), this.#named(this.#offered().filter((each) => !others.includes(each))), targets[place]);
      row.querySelector("span").textContent = place ? "and to" : "Translate to";
      const remove = row.querySelector("button");
      remove.hidden = targets.length === 1;
      remove.setAttribute("aria-label", `Do not translate to ${this.nameOf(targets[place])}`);
    });
  }

  #targetRow() {
    const row = document.createElement("div");
    row.className = "target";
    const label = row.appendChild(document.createElement("label"));
    label.append(document.createElement("span"), document.createElement("select"));
    const remove = row.appendChild(document.createElement("button"));
    remove.type = "button";
    remove.textContent = "✕";
    const place = () => [...at("targets").children].indexOf(row);
    label.lastElementChild.addEventListener("change", ({ target: { value } }) => {
      this.#change({ targets: this.settings.targets.with(place(), value) });
    });
    remove.addEventListener("click", () => {
      this.#change({ targets: this.settings.targets.toSpliced(place(), 1) });
      at("targets").querySelector("select").focus();
    });
    return row;
  }

  #addTarget() {
    const { targets } = this.settings;
    const next = this.#named(this.#offered()).find(([language]) => !targets.includes(language));
    this.#change({ targets: [...targets, next[0]] });
    at("targets").lastElementChild.querySelector("select").focus();
  }

  #showVoices() {
    const { targets, speaks, hear, voice } = this.settings;
    const groups = targets.filter((language) => voicesOf(this.#info, language).length).map((language) => {
      const group = document.createElement("optgroup");
      group.label = this.nameOf(language);
      const options = [["default", "Default voice"], ...voicesOf(this.#info, language).map(({ id, name }) => [id, name])];
      group.append(...options.map(([id, name]) => {
        const isChosen = speaks && language === hear && id === voice;
        return new Option(targets.length > 1 ? `${this.nameOf(language)}: ${name}` : name, `${language} ${id}`, false, isChosen);
      }));
      return group;
    });
    at("voice").replaceChildren(...groups, new Option("None: captions only", "", false, !speaks || !groups.length));
  }

  #chooseVoice() {
    const [hear, ...voice] = at("voice").value.split(" ");
    this.#change(hear ? { speaks: true, hear, voice: voice.join(" ") } : { speaks: false });
  }

  #named(languages) {
    return [...new Set(languages)].map((language) => [language, this.nameOf(language)])
      .sort(([, one], [, other]) => one.localeCompare(other));
  }
}
