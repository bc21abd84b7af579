// Prints for each [microphone, loudspeaker] of a file with levels whether an echo was noticed.

import { readFileSync } from "node:fs";

import { EchoDetector } from "../../../sokuji/api/web/static/levels.js";

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(cases.map(([heard, played]) => {
  const detector = new EchoDetector();
  return heard.map((db, at) => detector.add(db, played[at])).includes(true);
})));
