// Runs in the audio thread: collects blocks of 128 samples into frames of 16-bit PCM.

registerProcessor("capture", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { frameMs } }) {
    super();
    this.size = Math.round(sampleRate * frameMs / 1000);
    this.begin();
  }

  begin() {
    this.frame = new Int16Array(this.size);
    this.filled = 0;
  }

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.frame[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.filled < this.size) continue;
      this.port.postMessage(this.frame, [this.frame.buffer]);
      this.begin();
    }
    return true;
  }
});
