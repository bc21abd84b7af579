// The ways to show a session elsewhere; each has a place in the "Share" section of the settings.

import { at } from "./elements.js";
import { address } from "./service.js";

/** A session has begun: its captions can be shown in an overlay. */
export function shareSession(session) {
  const link = address("overlay");
  link.searchParams.set("session", session);
  at("overlay-link").href = link;
  at("share").hidden = false;
}
