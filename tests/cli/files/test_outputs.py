"""Where results go, and what is refused before the work begins."""

import os
from pathlib import Path, PurePath

import pytest
import typer

from sokuji.cli.files.inputs import Input
from sokuji.cli.files.outputs import TEXT_FORMATS, Outputs, Sink, WorkItem, check

NAME = PurePath("day 1/talk.v2")


def chosen(formats: str = "", output: str | None = None, folder: str | None = None) -> list[tuple[str, str]]:
    """The formats and paths of an input, "-" for standard output."""
    wanted = Outputs(
        TEXT_FORMATS, formats, Path(output) if output else None, Path(folder) if folder else None, "txt"
    )
    return [(sink.format, str(sink.path or "-")) for sink in wanted.sinks(NAME, lambda each: f".{each}tag")]


@pytest.mark.parametrize(
    ("formats", "output", "folder", "expected"),
    [
        ("", None, None, []),
        ("srt", None, None, [("srt", "-")]),
        ("", "-", None, [("txt", "-")]),
        ("json", "-", None, [("json", "-")]),
        ("", "out.VTT", None, [("vtt", "out.VTT")]),
        ("json", "out.srt", None, [("srt", "out.srt"), ("json", "-")]),
        ("", None, "to", [("txt", "to/day 1/talk.v2.txttag.txt")]),
        (
            " SRT,json,srt",
            None,
            "to",
            [("srt", "to/day 1/talk.v2.srttag.srt"), ("json", "to/day 1/talk.v2.jsontag.json")],
        ),
    ],
)
def test_results_go_where_the_options_say(
    formats: str, output: str | None, folder: str | None, expected: list[tuple[str, str]]
) -> None:
    assert chosen(formats, output, folder) == expected


@pytest.mark.parametrize(
    ("formats", "output", "folder", "message"),
    [
        ("doc", None, None, "accepted: txt, srt, vtt, json, tsv"),
        ("", "talk.doc", None, r"accepted: \.txt, \.srt"),
        ("", "talk", None, r"accepted: \.txt, \.srt"),
        ("", "talk.txt", "to", "either a file or a folder"),
        ("srt,vtt", None, None, "several are written to --output-dir"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    formats: str, output: str | None, folder: str | None, message: str
) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        chosen(formats, output, folder)


def item(source: Path | None, *targets: Path) -> WorkItem:
    each = Input(PurePath("x"), str(source or "standard input"), source)
    return WorkItem(each, tuple(Sink(path.suffix, path) for path in targets))


def test_folders_are_made_and_nothing_is_left_in_them(tmp_path: Path) -> None:
    check([item(None, tmp_path / "to" / "deep" / "a.txt")], tmp_path / "to")
    assert list((tmp_path / "to").rglob("*")) == [tmp_path / "to" / "deep"]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="is a folder"):
        check([item(None, tmp_path)], None)
    with pytest.raises(typer.BadParameter, match="No such file or directory"):
        check([item(None, tmp_path / "no" / "a.txt")], None)
    (tmp_path / "file").touch()
    with pytest.raises(typer.BadParameter, match="cannot be made"):
        check([item(None, tmp_path / "file" / "a.txt")], tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(typer.BadParameter, match="Permission denied"):
        check([item(None, tmp_path / "a.txt")], None)


def test_no_input_is_overwritten_and_no_two_inputs_have_one_output(tmp_path: Path) -> None:
    talk, other = tmp_path / "talk.txt", tmp_path / "talk.md"
    talk.touch()
    with pytest.raises(typer.BadParameter, match=r"is .*talk\.txt or made of it too"):
        check([item(talk, talk)], None)
    with pytest.raises(typer.BadParameter, match=r"made of .*talk\.md, is .*talk\.txt"):
        check([item(talk, tmp_path / "out.txt"), item(other, tmp_path / "out.txt")], tmp_path)
    with pytest.raises(typer.BadParameter, match="2 inputs need a folder"):
        check([item(talk, tmp_path / "out.txt"), item(other, tmp_path / "out.txt")], None)


def test_an_input_is_done_when_all_its_files_are_there_and_none_is_older(tmp_path: Path) -> None:
    source, one, two = (tmp_path / name for name in ("talk.mp3", "talk.txt", "talk.srt"))
    source.touch()
    work = item(source, one, two)
    assert not work.is_done
    one.touch()
    assert not work.is_done
    two.touch()
    assert work.is_done
    later = one.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert not work.is_done
    assert not item(source).is_done
    assert not WorkItem(work.input, (*work.sinks, Sink("txt", None))).is_done


def test_an_incomplete_result_has_a_name_of_its_own() -> None:
    assert Sink("srt", Path("a/talk.en.srt")).partial().path == Path("a/talk.en.partial.srt")
