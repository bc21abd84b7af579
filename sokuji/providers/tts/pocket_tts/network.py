"""The network of Pocket TTS, computed a few frames at a time in the thread that asks for them.

A transformer makes one latent frame after the other, each 80 ms of speech, and the decoder of the codec Mimi
makes samples of them. ``TTSModel.generate_audio_stream`` of the package starts two threads for each text,
which run to its end however fast the audio is consumed. With many callers the computation has to be divided
among their texts, and to stop when one of them goes away. So the loop is here, in parts between which other
texts can be computed, and makes the same samples. All that changes is in the state of a text; several threads
may use the modules.

Written against pocket-tts 4.0.1, whose model and functions it uses, also such as are not public:
``tests/pocket_tts`` compares the two.
"""

import tempfile
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pocket_tts import TTSModel
from pocket_tts.models.text_chunking import prepare_text_prompt
from pocket_tts.modules.stateful_module import increment_steps, init_states

from sokuji.errors import ModelMissing
from sokuji.providers.tts.pocket_tts.model_files import ModelFiles
from sokuji.providers.tts.waveform_chunks import Waveform, WaveformPart

PART_FRAMES = (1, 1, 2, 3, 4)
"""Frames of each part; the last number holds for all that follow. The decoder takes less time for several at
once, and other texts wait longer. So many are ready before those of the parts before have been played, if a
second of speech takes up to 0.65 s."""
EXTRA_FRAMES = 2
"""The package makes so many frames more than its own estimate, where the model recommends no number."""
FADE_S = 0.005
"""Fade-in of a text, since the decoder's first samples are a small step."""


class PocketNetwork:
    """A loaded model.

    Raises:
        ModelMissing: its files are damaged, or do not belong together.
    """

    def __init__(self, files: ModelFiles) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.yaml"
            path.write_text(yaml.safe_dump(files.description), encoding="utf-8")
            try:
                self._model: Any = TTSModel.load_model(config=path)
            # PyTorch, safetensors, pydantic and the tokenizers share no base class of errors.
            except Exception as error:
                raise ModelMissing(
                    f"pocket-tts model {files.name!r}: its files are damaged or do not belong together "
                    f"({type(error).__name__})",
                    param="tts_model",
                ) from error
        self.sample_rate: int = self._model.sample_rate

    def speak(self, text: str, voice: Path) -> Iterator[WaveformPart]:
        """The waveform of one phrase, part by part; see ``provider.Network``."""
        speech = _Speech(self._model, text, voice)
        for frames in chain(PART_FRAMES, repeat(PART_FRAMES[-1])):
            yield WaveformPart(speech.next_frames(frames), speech.ended)
            if speech.ended:
                return


class _Speech:
    """One text on its way through the network, as in ``TTSModel._generate_audio_stream_short_text``."""

    def __init__(self, model: Any, text: str, voice: Path) -> None:
        self.ended = False
        self._model = model
        prepared, frames_after_end = prepare_text_prompt(
            text,
            model.pad_with_spaces_for_short_inputs,
            model.remove_semicolons,
            model.append_terminal_punctuation,
            model.capitalize_first_letter,
            model.replace_characters,
        )
        recommended = model.model_recommended_frames_after_eos
        self._frames_after_end = frames_after_end + EXTRA_FRAMES if recommended is None else recommended
        with torch.no_grad():
            tokens = model.flow_lm.conditioner.prepare(prepared)
            self._limit = model._estimate_max_gen_len(tokens.shape[1])
            # The state is read anew for each text, which changes it.
            self._state = model.get_state_for_audio_prompt(voice)
            length = model._flow_lm_current_end(self._state) + tokens.shape[1] + self._limit
            model._expand_kv_cache(self._state, sequence_length=length)
            model._run_flow_lm_and_increment_step(model_state=self._state, text_tokens=tokens)
            self._decoder_steps = int(model.mimi.encoder_frame_rate / model.mimi.frame_rate)
            self._decoder_state = init_states(
                model.mimi, batch_size=1, sequence_length=self._limit * self._decoder_steps
            )
        self._made = 0
        # Not a number: the position before the first frame.
        self._latent = torch.full((1, 1, model.flow_lm.ldim), float("nan"), dtype=model.flow_lm.dtype)

    def next_frames(self, count: int) -> Waveform:
        """The samples of the next ``count`` frames, or of fewer if the text ends; then ``ended`` is true."""
        latents: list[Any] = []
        with torch.no_grad():
            while len(latents) < count and not self.ended:
                latents += self._next_latent()
            if not latents:
                return np.zeros(0, np.float32)
            waveform: Waveform = self._decode(torch.cat(latents, dim=1)).numpy()
        return waveform

    def _next_latent(self) -> list[Any]:
        """The next latent frame, shape (1, 1, channels); none if the text ends before it."""
        latent, is_end = self._model._run_flow_lm_and_increment_step(
            model_state=self._state, backbone_input_latents=self._latent
        )
        if is_end.item() and self._made >= self._model._MIN_FRAMES_BEFORE_EOS:
            # At later frames the model says the same again.
            self._limit = min(self._limit, self._made + self._frames_after_end)
        found = [latent] if self._made < self._limit else []
        self._made += len(found)
        self.ended = self._made >= self._limit
        self._latent = latent
        return found

    def _decode(self, latents: Any) -> Any:
        """The samples of latent frames, shape (1, frames, channels)."""
        model = self._model
        decoder_input = latents * model.flow_lm.emb_std + model.flow_lm.emb_mean
        samples = model.mimi.decode_from_latent(decoder_input, self._decoder_state)[0, 0]
        increment_steps(model.mimi, self._decoder_state, increment=self._decoder_steps * latents.shape[1])
        if self._made == latents.shape[1]:
            fade = torch.linspace(0, 1, int(model.sample_rate * FADE_S))
            samples[: len(fade)] *= fade
        return samples
