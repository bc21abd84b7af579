// The page: connects to the service, asks for a key where it demands one, and puts the parts together.

import { CaptionTable } from "./caption-table.js";
import { Captions } from "./captions.js";
import { CaptionsChannel } from "./captions-channel.js";
import { offerDownload } from "./download.js";
import { at } from "./elements.js";
import { FilePanel } from "./file-panel.js";
import { Form } from "./form.js";
import { CallFailed, address, apiKey, keepApiKey, serviceInfo } from "./service.js";
import { showAttendance, shareBroadcast, shareSession } from "./share.js";
import { complain, showState } from "./status.js";
import { TalkPanel } from "./talk-panel.js";

const TRY_AGAIN_MS = 3000;
const SAVE_AFTER_MS = 500;
const SAVED = "sokuji-captions";
const POLICY_VIOLATION = 1008;
const LOST = 1006;

let page = null;

/** What the panels share; made once, when the service has told what it can do. */
class Page {
  #saving = 0;

  constructor(info) {
    this.captions = new Captions((segment, isGone) => this.#changed(segment, isGone));
    this.form = new Form(info, () => this.#settingsChanged());
    const elements = Object.fromEntries(["scroller", "rows", "newest", "empty"].map((id) => [id, at(id)]));
    this.table = new CaptionTable({ ...elements, table: at("captions"), head: at("columns") }, this.captions, (code) => this.form.nameOf(code));
    this.captions.restore(savedCaptions());
    this.channel = new CaptionsChannel(this.captions);
    this.talk = new TalkPanel(this);
    this.files = new FilePanel(this, info.limits);
    offerDownload(this.captions, (code) => this.form.nameOf(code));
    at("clear").addEventListener("click", () => this.captions.clear());
    addEventListener("pagehide", () => this.#save());
    this.#settingsChanged();
  }

  /** While a session runs no other can begin, and its captions stay. */
  busy(isBusy) {
    this.form.lock(isBusy);
    at("file").disabled = isBusy;
    at("clear").disabled = isBusy;
  }

  sessionReady(id) {
    shareSession(id);
    this.channel.begin(id);
  }

  sessionEvent(event) {
    this.channel.tell(event);
    if (event.type === "ready" && event.broadcast) shareBroadcast(event.broadcast);
    else if (event.type === "attendance") showAttendance(event, (code) => this.form.nameOf(code));
    const { settings } = this.form;
    const isRead = event.type === "translation" && event.text && event.target_language === settings.targets[0];
    // A voice says it already, where there is one.
    if (isRead && !(settings.speaks && settings.hear)) {
      at("spoken").lang = event.target_language;
      at("spoken").textContent = event.text;
    }
  }

  sessionOver(problem, code) {
    if (problem) complain(`The session has ended: ${problem}`);
    // The browser tells nobody why a handshake was refused, and a key that was revoked ends its sessions.
    if (code === POLICY_VIOLATION || code === LOST) checkKey();
  }

  #settingsChanged() {
    if (!this.captions.segments.length) this.captions.targets = this.form.settings.targets;
    this.table.render();
    this.talk.changed();
  }

  #changed(segment, isGone) {
    this.table?.update(segment, isGone);
    this.#saving ||= setTimeout(() => this.#save(), SAVE_AFTER_MS);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#saving = 0;
    sessionStorage.setItem(SAVED, JSON.stringify(this.captions));
  }
}

function savedCaptions() {
  try {
    return JSON.parse(sessionStorage.getItem(SAVED));
  } catch {
    return null;
  }
}

async function checkKey() {
  await serviceInfo().catch((error) => { if (error.status === 401) askForKey(error); });
}

function askForKey(error) {
  showState("problem");
  at("settings").open = true;
  at("key-form").hidden = false;
  complain(apiKey() ? `The key is not accepted: ${error.message}` : "This service needs an API key.");
  at("key").focus();
}

async function connect() {
  let info;
  try {
    info = await serviceInfo();
    if (!info.speech_pairs.length) throw new CallFailed("its models are still being loaded", 0);
  } catch (error) {
    if (error.status === 401) return askForKey(error);
    showState("problem");
    complain(`The service is not ready: ${error.message}`);
    setTimeout(connect, TRY_AGAIN_MS);
    return undefined;
  }
  complain("");
  showState("ready");
  at("key-form").hidden = true;
  at("change-key").hidden = !apiKey();
  at("languages").disabled = at("devices").disabled = at("talk").disabled = at("file").disabled = false;
  page ??= new Page(info);
  return undefined;
}

at("languages").disabled = at("devices").disabled = at("talk").disabled = at("file").disabled = true;
at("docs-link").href = address("docs");
at("settings").open = matchMedia("(min-width: 52.01rem)").matches;
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepApiKey(at("key").value.trim());
  at("key").value = "";
  connect();
});
at("change-key").addEventListener("click", () => {
  at("key-form").hidden = false;
  at("key").focus();
});
connect();
