"""Sessions over WebRTC: audio on Opus tracks, events on a data channel. Only a call imports the library."""
