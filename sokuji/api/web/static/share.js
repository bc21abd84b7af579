// The ways to show a session elsewhere; each has a place in the "Share" section of the settings.

import { at } from "./elements.js";
import { address } from "./service.js";

function link(page, session) {
  const url = address(page);
  url.searchParams.set("session", session);
  return url.href;
}

/** A session has begun: its captions can be shown in an overlay. */
export function shareSession(session) {
  at("overlay-link").href = link("overlay", session);
  at("overlay-hint").textContent = "Captions for a screen, in another window of this browser:";
  at("broadcast-share").hidden = true;
  at("share").hidden = false;
}

/** It is a broadcast: other browsers can listen to it, and show its captions. */
export function shareBroadcast(id) {
  at("overlay-link").href = link("overlay", id);
  at("overlay-hint").textContent = "Captions for a screen, or for OBS:";
  at("broadcast-link").value = link("listen", id);
  at("broadcast-link").onfocus = () => at("broadcast-link").select();
  at("copy-link").textContent = "Copy the link";
  at("copy-link").onclick = async () => {
    at("broadcast-link").focus();
    await navigator.clipboard?.writeText(at("broadcast-link").value);
    at("copy-link").textContent = "Copied";
  };
  at("attendance").textContent = "Nobody listens yet.";
  at("broadcast-share").hidden = false;
}

/** Who listens to it. */
export function showAttendance({ listeners, languages }, nameOf) {
  const how = languages.length ? ` in ${languages.map(nameOf).join(", ")}` : "";
  const who = listeners === 1 ? "One person listens" : `${listeners} people listen`;
  at("attendance").textContent = listeners ? `${who}${how}.` : "Nobody listens now.";
}
