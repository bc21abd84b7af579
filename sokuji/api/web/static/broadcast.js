// A listener's connection to a broadcast (docs/broadcast.md), which outlives its sockets: when one is lost, another goes
// on behind the last event.

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 8000;
const RETRIES = 12;
const LOST = [1001, 1006, 1012, 1013];
const BROADCAST_ID = /^[\w-]{22}$/u;

/** Whether an id is that of a broadcast, which other browsers can reach; that of a session is not. */
export const isBroadcast = (id) => BROADCAST_ID.test(id);

export class Broadcast {
  #open;
  #id;
  #choose;
  #on;
  #socket = null;
  #after = null;
  #announced = null;
  #retries = 0;
  #retry = 0;
  #problem = "";
  #wasOffered = false;
  #isOver = false;

  /**
   * @param open opens a socket.
   * @param choose is given an `offer` and returns `language` and `output`.
   * @param on what is told: `event(event)`; `voice(event, pcm)`; `lost(problem)`, before another attempt;
   *   `over(problem, wasOffered)`, once. An empty problem is none; whoever was offered nothing was not let in.
   */
  constructor(open, id, choose, on) {
    [this.#open, this.#id, this.#choose, this.#on] = [open, id, choose, on];
    this.#connect();
  }

  /** Leave. */
  close() {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
  }

  #connect() {
    this.#problem = "";
    this.#socket = this.#open();
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code }) => this.#closed(code);
  }

  #take(data) {
    if (typeof data !== "string") {
      this.#on.voice(this.#announced, data);
      return;
    }
    const event = JSON.parse(data);
    if (event.event !== undefined) this.#after = event.event;
    if (event.type === "offer") this.#join(event);
    else if (event.type === "joined") this.#retries = 0;
    else if (event.type === "audio") this.#announced = event;
    else if (event.type === "error" && event.segment_id === undefined) {
      this.#problem = event.message;
      // A choice that is not accepted: another one is a matter of the page.
      if (!event.fatal) this.#socket.close();
    }
    this.#on.event(event);
  }

  #join(offer) {
    this.#wasOffered = true;
    const after = this.#after === null ? {} : { after: this.#after };
    this.#socket.send(JSON.stringify({ type: "listen", broadcast: this.#id, ...this.#choose(offer), ...after }));
  }

  #closed(code) {
    if (this.#isOver) return;
    if (this.#wasOffered && LOST.includes(code) && this.#retries < RETRIES) {
      this.#on.lost(this.#problem);
      // At random, so that an audience does not come back all at once.
      const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries++) * (0.5 + Math.random() / 2);
      this.#retry = setTimeout(() => this.#connect(), waitMs);
      return;
    }
    this.#isOver = true;
    const unknown = code === 1006 ? "the connection could not be opened" : `the connection was closed (${code})`;
    this.#on.over(code === 1000 ? "" : this.#problem || unknown, this.#wasOffered);
  }
}

/** The language to offer first: the one chosen before, one that the reader knows, or English. */
export function likelyLanguage({ languages }, kept, browserLanguages) {
  const wanted = [kept, ...browserLanguages.flatMap((tag) => [tag, tag.split("-")[0]]), "en"];
  return wanted.find((language) => languages.includes(language)) ?? languages[0];
}
