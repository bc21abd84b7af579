// The choice of a recording, its progress, and the voice that it is translated with.

import { at, save } from "./elements.js";
import { Recording, decoded } from "./recording.js";
import { complain, showState } from "./status.js";

export class FilePanel {
  #page;
  #limits;
  #recording = null;
  #isCancelled = false;
  #voice = null;
  #problems = [];

  /** @param page as in `TalkPanel`. */
  constructor(page, limits) {
    [this.#page, this.#limits] = [page, limits];
    at("file").addEventListener("change", () => {
      const [file] = at("file").files;
      // So that the same file can be chosen again.
      if (file) this.#translate(file).finally(() => { at("file").value = ""; });
    });
    at("file-cancel").addEventListener("click", () => {
      this.#isCancelled = true;
      this.#recording?.cancel();
    });
    at("file-voice-link").addEventListener("click", (event) => {
      event.preventDefault();
      save(this.#voice.name, this.#voice.blob);
    });
  }

  async #translate(file) {
    const { form, captions } = this.#page;
    complain("");
    this.#problems = [];
    this.#isCancelled = false;
    this.#show(file.name, 0);
    this.#page.busy(true);
    at("talk").disabled = true;
    at("file-cancel").focus();
    showState("file");
    try {
      const audio = await decoded(file, this.#limits);
      if (this.#isCancelled) return this.#over(file.name, "", 0, null);
      this.#recording = new Recording(form.settings, captions, {
        progress: (share) => this.#show(file.name, share),
        event: (event) => this.#take(event),
        over: (problem, code, voice) => this.#over(file.name, problem, code, voice),
      });
      this.#recording.start(audio);
    } catch (error) {
      complain(`The file cannot be translated: ${error.message}`);
      this.#over(file.name, "", 0, null);
    }
    return undefined;
  }

  #take(event) {
    if (event.type === "ready") this.#page.sessionReady(event.session_id);
    if (event.type === "error" && !event.fatal && event.code !== "not_recognised") this.#problems.push(event.message);
    this.#page.sessionEvent(event);
  }

  #show(name, share) {
    at("file-progress").hidden = false;
    at("file-name").textContent = name;
    at("file-bar").value = share;
    at("file-percent").textContent = `${Math.round(100 * share)} %`;
  }

  #over(name, problem, code, voice) {
    this.#recording = null;
    const hadFocus = document.activeElement === at("file-cancel");
    at("file-progress").hidden = true;
    at("talk").disabled = false;
    showState("ready");
    this.#page.busy(false);
    if (hadFocus) at("file").focus();
    this.#page.sessionOver(problem, code);
    if (!problem && this.#problems.length) complain(this.#problems[0]);
    if (voice) this.#offer(name, voice);
  }

  #offer(name, blob) {
    const language = this.#page.form.settings.hear;
    this.#voice = { name: `${name.replace(/\.[^.]*$/u, "")}.${language}.wav`, blob };
    URL.revokeObjectURL(at("file-audio").src);
    at("file-audio").src = URL.createObjectURL(blob);
    at("file-voice-name").textContent = this.#voice.name;
    at("file-voice").hidden = false;
  }
}
