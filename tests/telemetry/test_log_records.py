"""Records have the ids of what is worked on, in every thread; exceptions are logged without words."""

import asyncio
import io
import json
import logging
import pickle
from collections.abc import Iterator

import pytest
from ray._common.formatters import JSONFormatter

from sokuji.contract import TranslationRequest
from sokuji.errors import ProviderFailed
from sokuji.providers.batching import Batcher
from sokuji.providers.worker import Worker
from sokuji.telemetry import log_records
from sokuji.telemetry.call_ids import CallIds, bound, in_segment, in_session

IDS = CallIds(request_id="r1", session_id="s1", segment_id=3)
FIELDS = {"request_id": "r1", "session_id": "s1", "segment_id": 3}
WORDS = " ".join(["spoken", "words"])
"""Put together: a line of code in a traceback may stand in a log."""
log = logging.getLogger("sokuji.tests.telemetry")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler with the formatter of Ray's JSON logs has written."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JSONFormatter())
    log_records.prepare(handler)
    log_records.prepare(handler)
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield text
    log.removeHandler(handler)


def records(text: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.getvalue().splitlines()]


def ids_of(record: dict[str, object]) -> dict[str, object]:
    return {name: record[name] for name in FIELDS if name in record}


def test_a_record_has_the_ids_that_are_bound_and_no_others(written: io.StringIO) -> None:
    log.info("before")
    with bound(CallIds(request_id="r1")), in_session("s1"), in_segment(3):
        log.info("within")
    log.info("after")
    assert [ids_of(each) for each in records(written)] == [{}, FIELDS, {}]


async def test_threads_log_with_the_ids_of_their_caller(written: io.StringIO) -> None:
    def job() -> Iterator[object]:
        log.info("in a job")
        return
        yield

    batcher, worker = Batcher("test", workers=1), Worker("test")
    try:
        with bound(IDS):
            await batcher.run(job())  # type: ignore[arg-type]
            await worker.run(log.info, "in a worker")
            await asyncio.to_thread(log.info, "in a thread")
        await worker.run(log.info, "of nobody")
    finally:
        batcher.shutdown()
        batcher.join()
        worker.shutdown()
    assert [ids_of(each) for each in records(written)] == [FIELDS, FIELDS, FIELDS, {}]


def test_a_request_takes_the_ids_along_to_another_process() -> None:
    with bound(IDS):
        request = TranslationRequest(text="olá", source="pt", target="en")
    assert pickle.loads(pickle.dumps(request)).ids == IDS
    assert TranslationRequest(text="olá", source="pt", target="en").ids == CallIds()


def fail(words: str) -> None:
    try:
        dict[str, str]()[words]
    except KeyError as error:
        raise RuntimeError(f"cannot encode {words}") from error


def test_of_an_exception_types_and_lines_are_logged_and_no_message(written: io.StringIO) -> None:
    try:
        try:
            fail(WORDS)
        except RuntimeError as error:
            raise ExceptionGroup(WORDS, [error, OSError(28, "No space left on device", "/a")]) from None
    except ExceptionGroup:
        log.exception("it failed")
    try:
        fail(WORDS)
    except RuntimeError:
        try:
            raise ProviderFailed("bergamot failed")
        except ProviderFailed:
            log.exception("it failed")
    group, chain = (str(record["exc_text"]) for record in records(written))
    assert WORDS not in written.getvalue()
    for text in (group, chain):
        assert "builtins.KeyError\n\nwhich led to:" in text
        assert "in fail" in text
    assert "builtins.OSError: No space left on device" in group
    assert chain.endswith("sokuji.errors.ProviderFailed: bergamot failed")
