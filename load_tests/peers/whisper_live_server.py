"""Runs WhisperLive's server in its own environment, where nothing of ours is: PORT MODEL_FOLDER [batched].

The package has no command for that. ``batched``: clients are recognised together, with a beam of one, which
cannot be had otherwise; nobody is refused because others wait.
"""

import sys

from whisper_live.server import TranscriptionServer  # type: ignore[import-not-found]

NOBODY_IS_REFUSED = 1_000
SECONDS_CONNECTED = 7_200

TranscriptionServer().run(
    "127.0.0.1",
    port=int(sys.argv[1]),
    backend="faster_whisper",
    faster_whisper_custom_model_path=sys.argv[2],
    single_model=True,
    max_clients=NOBODY_IS_REFUSED,
    max_connection_time=SECONDS_CONNECTED,
    batch_enabled=sys.argv[3:] == ["batched"],
    batch_beam_size=1,
    batch_max_queue_wait_s=NOBODY_IS_REFUSED,
    batch_max_admissions_per_s=NOBODY_IS_REFUSED,
)
