// The service that has served this page: its REST calls and its socket, with the user's key where it demands one.

// Behind a path prefix too: this module is in web/<version>/ below the service's root.
const ROOT = new URL("../../", import.meta.url);
// Kept for this tab alone, until it is closed.
const KEY = "sokuji-api-key";

/** A call that has failed; `status` is 0 where there was no answer. */
export class CallFailed extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const apiKey = () => sessionStorage.getItem(KEY) ?? "";

export function keepApiKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** The address of a path of the service, as a `URL`. */
export const address = (path) => new URL(path, ROOT);

/** What `/api/v1/info` says: languages, voices, limits, defaults. Raises `CallFailed`. */
export async function serviceInfo() {
  let response;
  try {
    response = await fetch(address("api/v1/info"), {
      headers: apiKey() ? { Authorization: `Bearer ${apiKey()}` } : {}, cache: "no-store",
    });
  } catch {
    throw new CallFailed("it cannot be reached", 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new CallFailed(answer.error?.message ?? `status ${response.status}`, response.status);
  return answer;
}

/** A socket of the bridge API, or that of a listener. */
export function openSocket(path = "api/v1/ws/translate") {
  const url = address(path);
  url.protocol = url.protocol.replace("http", "ws");
  // A page cannot set headers of a WebSocket: the key is a subprotocol.
  const socket = new WebSocket(url, apiKey() ? ["realtime", `openai-insecure-api-key.${apiKey()}`] : []);
  socket.binaryType = "arraybuffer";
  return socket;
}
