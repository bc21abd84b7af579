"""CAM++ describes voices, and pyannote's segmentation model finds where the speaker changes."""
