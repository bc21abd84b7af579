"""Subtitles of a video in another language, as a file beside it and, if wanted, as a track in a copy of it.

    python examples/video_subtitles.py talk.mp4 --from pt --to en             # talk.en.srt
    python examples/video_subtitles.py talk.mp4 --from pt --to en --into talk.mkv

The service takes the video as it is, up to 64 MiB and ten minutes by default. The copy is Matroska; picture
and sound are not encoded again. Needs ``pip install httpx av``.
"""

import argparse
import os
import sys
from pathlib import Path

import av
import httpx
from av.error import FFmpegError


def subtitles(args: argparse.Namespace) -> str:
    """The subtitles of the video, in SubRip or WebVTT."""
    key = os.environ.get("SOKUJI_API_KEY")
    form = {
        "source_language": args.source,
        "target_language": args.target,
        "return_format": args.format,
        "subtitles": "translation",
    }
    with args.video.open("rb") as video:
        answer = httpx.post(
            f"{args.url}/api/v1/pipeline/translate-audio",
            files={"audio_file": video},
            data=form,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=900,
        )
    if answer.is_error:
        sys.exit(f"error: {answer.json()['error']['message']}")
    return answer.text


def mux(video: Path, track: Path, copy: Path, language: str) -> None:
    """Write a copy of the video with the subtitles as one more track."""
    with (
        av.open(str(video)) as source,
        av.open(str(track)) as text,
        av.open(str(copy), "w", "matroska") as output,
    ):
        inputs = [stream for stream in source.streams if stream.type in ("video", "audio")]
        outputs = {(0, each.index): output.add_stream_from_template(each) for each in inputs}
        outputs[1, 0] = output.add_stream_from_template(text.streams[0])
        outputs[1, 0].metadata["language"] = language
        packets = [(1, packet) for packet in text.demux(0)]
        packets += [(0, packet) for packet in source.demux(inputs)]
        for number, packet in packets:
            if packet.dts is not None:  # The last packet of a stream is empty.
                packet.stream = outputs[number, packet.stream.index]
                output.mux(packet)


def main() -> None:
    """Read the arguments, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("video", type=Path, help="a file with sound in any format that FFmpeg decodes")
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language of the subtitles")
    parser.add_argument("--format", choices=("srt", "vtt"), default="srt")
    parser.add_argument("--into", type=Path, help="the copy of the video that has the subtitles as a track")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()
    track = args.video.with_suffix(f".{args.target}.{args.format}")
    try:
        track.write_text(subtitles(args), "utf-8")
        print(track)
        if args.into:
            mux(args.video, track, args.into, args.target)
            print(args.into)
    except (OSError, httpx.HTTPError, FFmpegError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
