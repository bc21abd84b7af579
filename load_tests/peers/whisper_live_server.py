"""Runs WhisperLive's server in its own environment, without this project: PORT MODEL_FOLDER [batched].

The package has no command for that. ``batched``: clients are recognised together, with a beam of one, which
cannot be set otherwise; admission control refuses no client.
"""

import sys

from whisper_live.server import TranscriptionServer  # type: ignore[import-not-found]

UNLIMITED = 1_000
CONNECTION_S = 7_200

TranscriptionServer().run(
    "127.0.0.1",
    port=int(sys.argv[1]),
    backend="faster_whisper",
    faster_whisper_custom_model_path=sys.argv[2],
    single_model=True,
    max_clients=UNLIMITED,
    max_connection_time=CONNECTION_S,
    batch_enabled=sys.argv[3:] == ["batched"],
    batch_beam_size=1,
    batch_max_queue_wait_s=UNLIMITED,
    batch_max_admissions_per_s=UNLIMITED,
)
