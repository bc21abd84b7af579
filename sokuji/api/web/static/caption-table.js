// Shows captions in columns: what was heard, and each target language beside it. The newest is at the bottom, and
// stays in view unless the reader has scrolled up.

import { columnsOf, joined, partialOf, textOf } from "./captions.js";

const NEAR_PX = 80;

export class CaptionTable {
  #rows = new Map();
  #columns = [];
  #follows = true;

  /**
   * @param elements `table`, `scroller`, `head`, `rows`, `newest` (a button) and `empty`, which is shown instead of captions.
   * @param nameOf the name of a language.
   */
  constructor(elements, captions, nameOf) {
    [this.elements, this.captions, this.nameOf] = [elements, captions, nameOf];
    elements.scroller.addEventListener("scroll", () => this.#noteScrolling());
    // What appears below the captions takes some of their height.
    new ResizeObserver(() => this.#settle()).observe(elements.scroller);
    elements.newest.addEventListener("click", () => {
      this.#follow();
      elements.scroller.focus();
    });
  }

  /** Show a segment as it is now. */
  update(segment, isGone = false) {
    if (isGone) {
      this.#rows.get(segment.key)?.remove();
      this.#rows.delete(segment.key);
    } else if (columnsOf(this.captions).join() !== this.#columns.join()) this.render();
    else this.#fill(this.#row(segment), segment);
    this.#settle();
  }

  /** Show everything anew, as after a change of the languages. */
  render() {
    const { table, head, rows } = this.elements;
    this.#columns = columnsOf(this.captions);
    this.#rows.clear();
    rows.replaceChildren();
    table.style.setProperty("--columns", this.#columns.length);
    head.replaceChildren(...this.#columns.map((column) => {
      const title = document.createElement("span");
      title.textContent = column === "source" ? "Heard" : this.nameOf(column);
      return title;
    }));
    for (const segment of this.captions.segments) this.#fill(this.#row(segment), segment);
    this.#settle();
  }

  /** Mark the segment whose voice is heard; null: none. */
  mark(key) {
    for (const [each, row] of this.#rows) row.classList.toggle("spoken", each === key);
  }

  #row({ key }) {
    let row = this.#rows.get(key);
    if (!row) {
      row = document.createElement("li");
      row.append(...this.#columns.map((column) => {
        const cell = row.appendChild(document.createElement("p"));
        cell.className = column === "source" ? "heard" : "said";
        return cell;
      }));
      this.#rows.set(key, row);
      this.elements.rows.append(row);
    }
    return row;
  }

  #fill(row, segment) {
    this.#columns.forEach((column, at) => {
      const language = column === "source" ? segment.language : column;
      const label = document.createElement("span");
      label.className = "language";
      label.textContent = language ? `${this.nameOf(language)} ` : "";
      row.children[at].lang = language || "und";
      // Said in this language already: nothing new to read.
      row.children[at].classList.toggle("same", column !== "source" && column === segment.language);
      label.lang = "en";
      row.children[at].replaceChildren(label, ...this.#words(segment, column));
    });
    row.classList.toggle("failed", Boolean(segment.problem));
  }

  // What may still change is marked, and what is still to come has dots.
  #words(segment, column) {
    if (column !== "source") {
      const text = textOf(segment, column);
      const isOpen = !segment.problem && segment.text && !segment.translations[column]?.isFinal;
      if (!isOpen) return [text];
      const { stable, open } = partialOf(segment, column);
      const rest = stable ? open : joined([text, open], column).slice(text.length);
      return [joined([text, stable], column), openWords(rest), waiting()];
    }
    if (segment.problem) return [segment.text, ` (${segment.problem})`];
    if (segment.isFinal) return [segment.text];
    const { stable, open } = partialOf(segment, column);
    return [stable, openWords(open), waiting()];
  }

  #noteScrolling() {
    const { scroller, newest } = this.elements;
    this.#follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    newest.hidden = this.#follows;
  }

  #settle() {
    this.elements.empty.hidden = this.captions.segments.length > 0;
    if (this.#follows) this.#follow();
  }

  #follow() {
    const { scroller, newest } = this.elements;
    scroller.scrollTop = scroller.scrollHeight;
    this.#follows = true;
    newest.hidden = true;
  }
}

function openWords(text) {
  const open = document.createElement("i");
  open.textContent = text;
  return open;
}

function waiting() {
  const dots = document.createElement("span");
  dots.className = "waiting";
  dots.setAttribute("aria-hidden", "true");
  return dots;
}
