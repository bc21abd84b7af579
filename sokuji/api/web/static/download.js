// The menu that saves the transcript.

import { columnsOf } from "./captions.js";
import { at, offer, save } from "./elements.js";
import { FORMATS, transcript } from "./transcript.js";

/** @param nameOf the name of a language. */
export function offerDownload(captions, nameOf) {
  const buttons = Object.entries(FORMATS).map(([format, { label, type }]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.format = format;
    button.textContent = label;
    button.addEventListener("click", () => {
      const column = at("download-column").value;
      const name = ["transcript", ...(format === "json" || column === "all" ? [] : [column]), format].join(".");
      save(name, new Blob([transcript(captions, column, format)], { type: `${type};charset=utf-8` }));
    });
    return button;
  });
  at("download-formats").replaceChildren(...buttons);
  const menu = at("download");
  menu.addEventListener("toggle", () => {
    const columns = columnsOf(captions).map((column) => [column, column === "source" ? "what was heard" : nameOf(column)]);
    offer(at("download-column"), [...columns, ["all", "everything, line by line"]], at("download-column").value);
    update();
  });
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  addEventListener("pointerdown", ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  // Subtitles have one text; JSON has all.
  const update = () => buttons.forEach((button) => {
    button.disabled = at("download-column").value === "all" && ["srt", "vtt"].includes(button.dataset.format)
      || !captions.segments.length;
  });
  at("download-column").addEventListener("change", update);
}
