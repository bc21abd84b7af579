// The overlay: the newest captions of a session, large, for a screen or as a browser source of OBS.

import { Broadcast, isBroadcast, likelyLanguage } from "./broadcast.js";
import { Captions, textOf } from "./captions.js";
import { watchWindow } from "./captions-channel.js";
import { at } from "./elements.js";
import { overlayOptions } from "./overlay-options.js";
import { openSocket } from "./service.js";

// How long a caption stays when nobody speaks any more.
const STAYS_MS = 8000;
const SEGMENTS = 2;
const MAX_CHARS = 160;

let timer = 0;

// Of a long text the end, from a word on.
function tail(text) {
  if (text.length <= MAX_CHARS) return text;
  return `… ${text.slice(-MAX_CHARS).replace(/^\S*\s/u, "")}`;
}

function line(text, language, name) {
  const paragraph = document.createElement("p");
  paragraph.className = name;
  paragraph.lang = language;
  paragraph.appendChild(document.createElement("span")).textContent = text;
  return paragraph;
}

function linesOf(segment, columns) {
  return columns.flatMap((column) => {
    const text = tail(textOf(segment, column));
    if (!text) return [];
    const isSource = column === "source";
    const name = `${isSource ? "source" : ""} ${isSource && !segment.isFinal ? "open" : ""}`;
    return [line(text, isSource ? segment.language : column, name)];
  });
}

function show(captions, { show: wanted }) {
  const columns = wanted.length ? wanted : [captions.targets[0] ?? "source"];
  const shown = captions.segments.filter((segment) => columns.some((column) => textOf(segment, column)));
  at("lines").replaceChildren(...shown.slice(-SEGMENTS).flatMap((segment) => linesOf(segment, columns)));
  clearTimeout(timer);
  timer = setTimeout(() => at("lines").replaceChildren(), STAYS_MS);
}

function begin() {
  let options;
  try {
    options = overlayOptions(new URLSearchParams(location.search));
  } catch (error) {
    at("lines").replaceChildren(line(error.message, "en", "problem"));
    return;
  }
  document.body.dataset.background = options.background;
  at("lines").style.setProperty("--size", `${options.size}px`);
  const captions = new Captions();
  const take = (event) => {
    captions.take(event);
    show(captions, options);
  };
  if (isBroadcast(options.session)) listen(options, captions, take);
  else {
    watchWindow(options.session, {
      restore: (saved) => {
        captions.restore(saved);
        captions.begin(captions.targets);
      },
      take,
    });
  }
}

// A broadcast is reached from any browser: one connection for each language, the first of which brings the source.
function listen({ session, show: wanted }, captions, take) {
  const chosen = wanted.filter((column) => column !== "source");
  (chosen.length ? chosen : [""]).forEach((language, place) => {
    const choose = (offer) => {
      const target = language || likelyLanguage(offer, "", navigator.languages);
      captions.targets = [...new Set([...captions.targets, target])];
      return { language: target, output: "captions" };
    };
    const isTaken = ({ type }) => type === "translation" || (place === 0 && ["transcription", "error"].includes(type));
    new Broadcast(() => openSocket("api/v1/ws/listen"), session, choose, {
      event: (event) => { if (isTaken(event)) take(event); },
      voice: () => {},
      lost: () => {},
      over: (problem) => {
        if (problem) at("lines").replaceChildren(line(problem, "en", "problem"));
      },
    });
  });
}

begin();
