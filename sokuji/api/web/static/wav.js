// Mono 16-bit PCM as a WAV file (RIFF; the format of Microsoft's WAVEFORMATEX with tag 1).

const HEADER_BYTES = 44;

/** @param parts `Blob`s of little-endian samples. */
export function wav(parts, rate) {
  const bytes = parts.reduce((sum, part) => sum + part.size, 0);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const name = (at, text) => [...text].forEach((letter, place) => header.setUint8(at + place, letter.charCodeAt(0)));
  name(0, "RIFF");
  header.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  name(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, 2 * rate, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  name(36, "data");
  header.setUint32(40, bytes, true);
  return new Blob([header, ...parts], { type: "audio/wav" });
}
