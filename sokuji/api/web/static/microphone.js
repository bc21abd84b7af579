// A microphone as frames of 16-bit PCM.

export const FRAME_MS = 80;
export const RECOGNISER_RATE = 16000;

export class Microphone {
  #stream;
  #context = null;

  constructor(stream) { this.#stream = stream; }

  /**
   * Asks the user for a microphone. Raises an `Error` with a message for people.
   * @param deviceId empty: the system's choice. One that is gone is replaced by it.
   * @param onFrame is given `Int16Array`s of `FRAME_MS` each.
   * @param onGone is called when the microphone is unplugged or taken away.
   */
  static async open(deviceId, onFrame, onGone) {
    if (!navigator.mediaDevices) throw new Error("browsers allow it on secure pages only: use https, or localhost");
    const audio = {
      channelCount: 1, echoCancellation: true, noiseSuppression: true, ...(deviceId && { deviceId: { ideal: deviceId } }),
    };
    const microphone = new Microphone(await navigator.mediaDevices.getUserMedia({ audio }).catch((error) => {
      throw new Error(REASONS[error.name] ?? error.message);
    }));
    try {
      await microphone.#start(onFrame);
    } catch (error) {
      microphone.close();
      throw error;
    }
    microphone.#stream.getTracks().forEach((track) => track.addEventListener("ended", onGone));
    return microphone;
  }

  /** Samples a second of the frames. */
  get rate() { return this.#context.sampleRate; }

  close() {
    this.#stream.getTracks().forEach((track) => track.stop());
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }

  async #start(onFrame) {
    let input;
    // Some browsers cannot resample a microphone: then the service does it.
    try {
      this.#context = new AudioContext({ sampleRate: RECOGNISER_RATE });
      input = this.#context.createMediaStreamSource(this.#stream);
    } catch {
      this.#context.close();
      this.#context = new AudioContext();
      input = this.#context.createMediaStreamSource(this.#stream);
    }
    await this.#context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
    const capture = new AudioWorkletNode(this.#context, "capture", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit", processorOptions: { frameMs: FRAME_MS },
    });
    capture.port.onmessage = ({ data }) => onFrame(data);
    input.connect(capture);
  }
}

const REASONS = {
  NotAllowedError: "this page may not use it; allow it in the browser's settings of this page",
  NotFoundError: "there is none",
  NotReadableError: "another program uses it",
};
