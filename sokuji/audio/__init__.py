"""Audio: PCM, resampling, decoding and encoding of files, voice activity and endpointing."""
