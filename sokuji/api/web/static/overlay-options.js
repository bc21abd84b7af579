// What the address of an overlay asks for.

const BACKGROUNDS = ["transparent", "dark", "green"];
const SIZES = [12, 200];
const NAMES = ["session", "show", "size", "background"];
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/iu;

/** The options of a `URLSearchParams`. Raises an `Error` that names the parameter and what is accepted. */
export function overlayOptions(query) {
  const unknown = [...query.keys()].find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no parameter; accepted: ${NAMES.join(", ")}`);
  const show = query.get("show")?.split(",") ?? [];
  if (!show.every((each) => LANGUAGE.test(each) || each === "source")) {
    throw new Error('"show" must be "source", language codes, or both, with commas between them');
  }
  const size = Number(query.get("size") ?? 42);
  if (!(size >= SIZES[0] && size <= SIZES[1])) throw new Error(`"size" must be ${SIZES.join(" to ")}, in pixels`);
  const background = query.get("background") ?? "transparent";
  if (!BACKGROUNDS.includes(background)) throw new Error(`"background" must be one of ${BACKGROUNDS.join(", ")}`);
  return { session: query.get("session") ?? "", show, size, background };
}
