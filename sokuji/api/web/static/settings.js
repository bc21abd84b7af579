// What the user has chosen, kept in the browser, and what holds before: pure, but for the storage that is passed in.

const NAME = "sokuji-settings";
export const MAX_TARGETS = 4;

const DEFAULTS = {
  source: "auto", targets: [], speaks: true, hear: "", voice: "default", commit: "", microphone: "", speaker: "",
  pushToTalk: false, broadcast: false,
};

/** The settings that were kept; those that are missing or malformed have their defaults. */
export function keptSettings(storage) {
  let kept;
  try {
    kept = JSON.parse(storage.getItem(NAME) ?? "{}") ?? {};
  } catch {
    kept = {};
  }
  const settings = { ...DEFAULTS };
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (typeof kept[name] === typeof value && Array.isArray(kept[name]) === Array.isArray(value)) settings[name] = kept[name];
  }
  return settings;
}

export function keepSettings(storage, settings) {
  storage.setItem(NAME, JSON.stringify(settings));
}

/** The languages that speech in `source` can be translated to; `auto` stands for all. */
export function targetsOf(info, source) {
  const pairs = info.speech_pairs.filter(([from]) => source === "auto" || from === source);
  return [...new Set(pairs.map(([, to]) => to))];
}

/** The language that the user probably speaks: the first of the browser's that can be spoken to the service. */
export function ownLanguage(info, browserLanguages) {
  const spoken = new Set(info.speech_pairs.map(([from]) => from));
  return browserLanguages.map(primary).find((language) => spoken.has(language)) ?? "";
}

/**
 * Where nothing was chosen: never the user's own language, which would only be repeated. Another one that the
 * user reads, or else English, or what a text model translates the user's language to.
 */
export function defaultTarget(info, source, browserLanguages) {
  const own = source === "auto" ? ownLanguage(info, browserLanguages) : source;
  const served = targetsOf(info, own || source).filter((language) => language !== own);
  const wanted = [
    ...browserLanguages.map(primary), "en", ...info.text_pairs.filter(([from]) => from === own).map(([, to]) => to),
  ];
  return wanted.find((language) => served.includes(language)) ?? served[0] ?? targetsOf(info, source)[0] ?? "";
}

/** The settings with only what this service can do. */
export function possibleSettings(settings, info, browserLanguages) {
  const spoken = info.speech_pairs.map(([from]) => from);
  const source = spoken.includes(settings.source) ? settings.source : "auto";
  const served = targetsOf(info, source);
  let targets = [...new Set(settings.targets)].filter((language) => served.includes(language)).slice(0, MAX_TARGETS);
  if (!targets.length) targets = [defaultTarget(info, source, browserLanguages)].filter(Boolean);
  const audible = targets.filter((language) => voicesOf(info, language).length);
  const hear = audible.includes(settings.hear) ? settings.hear : audible[0] ?? "";
  const isKnown = voicesOf(info, hear).some(({ id }) => id === settings.voice);
  return { ...settings, source, targets, hear, voice: isKnown ? settings.voice : "default" };
}

/** The voices that speak a language; the first one is its default. */
export function voicesOf(info, language) {
  return info.voices.filter(({ supported_languages: languages }) => languages.includes(language));
}

/** The fields of a session's `config` message. */
export function sessionConfig({ source, targets, speaks, hear, voice, commit, broadcast }) {
  return {
    source_language: source, target_languages: targets, partials: true, audio_encoding: "pcm_binary",
    ...(commit && { commit }), ...(broadcast && { broadcast }), ...(speaks && hear ? { voice_id: voice } : { output: "captions" }),
  };
}

const primary = (tag) => tag.toLowerCase().split("-")[0];
