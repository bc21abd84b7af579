// What the page says about itself: a state in the header, problems, and short notices for screen readers.

import { at } from "./elements.js";

const TEXTS = {
  connecting: "Connecting", ready: "Ready", opening: "Opening the microphone", listening: "Listening",
  muted: "Hold to talk", hearing: "Hearing you", translating: "Translating", reconnecting: "Reconnecting",
  finishing: "Finishing", file: "Translating the file", problem: "Not ready",
};
// The others come and go while people speak; a screen reader would never be silent.
const ANNOUNCED = new Set(["listening", "muted", "reconnecting", "finishing", "ready"]);
let announced = "";

export function showState(state) {
  if (at("state").dataset.state === state) return;
  at("state").dataset.state = state;
  at("state-text").textContent = TEXTS[state];
  if (!ANNOUNCED.has(state) || state === announced) return;
  announced = state;
  at("notice").textContent = TEXTS[state];
}

/** Something the user has to know; empty: nothing any more. */
export function complain(text) {
  const shown = sentence(text);
  // Said again only if it is something else.
  if (at("problem").textContent !== shown) at("problem").textContent = shown;
}

// Messages of the service begin with a small letter and end without a full stop.
const sentence = (text) => text && text[0].toUpperCase() + text.slice(1) + (/[.!?]$/u.test(text) ? "" : ".");
