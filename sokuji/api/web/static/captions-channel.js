// Brings the captions of a page to other windows of the same browser: everything so far, then event by event.

const NAME = "sokuji-captions";

/** The side of the page that has the session. */
export class CaptionsChannel {
  #channel = new BroadcastChannel(NAME);
  #session = "";

  /** @param captions what a window that comes later is told. */
  constructor(captions) {
    this.#channel.onmessage = ({ data }) => {
      if (data.type === "hello" && this.#isMeant(data.session)) this.#tellAll(captions);
    };
    this.begin = (session) => {
      this.#session = session;
      this.#tellAll(captions);
    };
  }

  /** An event of the session. */
  tell(event) {
    const tells = ["transcription", "translation", "error"].includes(event.type);
    if (tells) this.#channel.postMessage({ type: "event", session: this.#session, event });
  }

  #isMeant(session) { return this.#session && (!session || session === this.#session); }

  #tellAll(captions) {
    const { targets, segments } = captions.toJSON();
    // What is still open comes again with the next event.
    const saved = { targets, segments: segments.filter(({ isFinal }) => isFinal) };
    this.#channel.postMessage({ type: "captions", session: this.#session, captions: saved });
  }
}

/**
 * The side of another window: calls `restore(saved)` and then `take(event)`.
 * @param session its id; empty: whichever runs.
 */
export function watchWindow(session, { restore, take }) {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }) => {
    if (session && data.session !== session) return;
    if (data.type === "captions") restore(data.captions);
    else if (data.type === "event") take(data.event);
  };
  channel.postMessage({ type: "hello", session });
}
