"""Names and numbers that clients of the original have compiled in, and the generated modules."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.message import Message
from grpc_tools import protoc

from sokuji.api.grpc.server import METHODS
from sokuji.proto.translation_pb2 import TranslateBatchRequest, TranslateRequest
from tests.support.grpc_api import GrpcApi, data_of, grpc_api
from tests.support.speech import sample, silence

ROOT = Path(__file__).parents[3]
ORIGINAL = """
common.AudioChunk: bytes data 1, int32 sample_rate 2, double timestamp 3, int32 channels 4, string format 5
common.TranscriptionResult: string text 1, string language 2, float confidence 3, double timestamp 4,
  optional double start_time 5, optional double end_time 6, bool is_final 7
common.TranslationResult: string original_text 1, string translated_text 2, string source_language 3,
  string target_language 4, float confidence 5, double timestamp 6, optional string model_name 7
common.SynthesisResult: bytes audio_data 1, int32 sample_rate 2, string text 3, string voice_id 4,
  double timestamp 5, double duration_ms 6, string format 7
common.HealthCheckResponse: bool healthy 1, string status 2, string provider_name 3, map details 4
common.MetricsResponse: int64 total_requests 1, int64 total_errors 2, double avg_duration_ms 3,
  double total_duration_ms 4, map additional 5
common.Empty:
stt.TranscribeRequest: AudioChunk audio 1, optional string language 2
stt.LanguageListResponse: repeated string language_codes 1
translation.TranslateRequest: string text 1, string source_language 2, string target_language 3,
  optional string context 4
translation.TranslateBatchRequest: repeated string texts 1, string source_language 2, string target_language 3
translation.TranslateBatchResponse: repeated TranslationResult results 1
translation.LanguageListResponse: repeated string language_codes 1, bool supports_batch 2,
  bool supports_streaming 3
tts.SynthesizeRequest: string text 1, string voice_id 2, optional string language 3, optional float speed 4,
  optional float pitch 5, map parameters 6
tts.Voice: string id 1, string name 2, string language 3, repeated string supported_languages 4,
  string gender 5, map metadata 6
tts.VoiceListResponse: repeated Voice voices 1
tts.LanguageListResponse: repeated string language_codes 1, bool supports_streaming 2,
  bool supports_voice_cloning 3
"""
"""The messages of the original: "map" is map<string, string>."""
CALLS = """
stt.STTService Transcribe TranscribeRequest TranscriptionResult
stt.STTService TranscribeStream stream-AudioChunk stream-TranscriptionResult
translation.TranslationService Translate TranslateRequest TranslationResult
translation.TranslationService TranslateBatch TranslateBatchRequest TranslateBatchResponse
translation.TranslationService TranslateStream stream-TranslateRequest stream-TranslationResult
tts.TTSService Synthesize SynthesizeRequest SynthesisResult
tts.TTSService SynthesizeStream stream-SynthesizeRequest stream-SynthesisResult
tts.TTSService GetVoices Empty VoiceListResponse
pipeline.PipelineService Converse stream-ConverseRequest stream-ConverseEvent
"""
FOR_ALL = {
    "GetSupportedLanguages": ("Empty", "LanguageListResponse"),
    "HealthCheck": ("Empty", "HealthCheckResponse"),
    "GetMetrics": ("Empty", "MetricsResponse"),
}
Field = tuple[str, str, str, int]
"""Label, type, name, number."""


def original_messages() -> Iterator[tuple[str, list[Field]]]:
    for line in re.sub(r"\n  ", " ", ORIGINAL).strip().splitlines():
        name, _, fields = line.partition(":")
        yield name, [field_of(each.split()) for each in fields.split(",") if each.strip()]


def field_of(words: list[str]) -> Field:
    label = words.pop(0) if words[0] in ("optional", "repeated") else ""
    kind, name, number = words
    return label, kind, name, int(number)


MESSAGES = dict(original_messages())


def described(field: FieldDescriptor) -> Field:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        entry = message.fields_by_name
        assert {entry[name].type for name in ("key", "value")} == {FieldDescriptor.TYPE_STRING}
        return "", "map", field.name, field.number
    names = {
        getattr(FieldDescriptor, f"TYPE_{name.upper()}"): name
        for name in ("bytes", "string", "int32", "int64", "double", "float", "bool")
    }
    kind = message.name if message is not None else names[field.type]
    optional = field.containing_oneof is not None
    return "repeated" if field.is_repeated else "optional" if optional else "", kind, field.name, field.number


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_the_fields_and_numbers_of_the_original(name: str) -> None:
    found = Default().FindMessageTypeByName(f"sokuji.{name}")
    assert [described(field) for field in found.fields] == MESSAGES[name]


def calls() -> set[tuple[str, str, str, str]]:
    named = {tuple(line.split()) for line in CALLS.strip().splitlines()}
    services = ("stt.STTService", "translation.TranslationService", "tts.TTSService")
    return named | {  # type: ignore[return-value]
        (service, method, *kinds) for service in services for method, kinds in FOR_ALL.items()
    }


def test_the_services_have_the_calls_of_the_original_and_each_is_served() -> None:
    services = {service for service, *_ in calls()}
    found = set()
    for name in services:
        for method in Default().FindServiceByName(f"sokuji.{name}").methods:
            asked = ("stream-" if method.client_streaming else "") + method.input_type.name
            answered = ("stream-" if method.server_streaming else "") + method.output_type.name
            found.add((name, method.name, asked, answered))
    assert found == calls()
    ours = {path for path in METHODS if path.startswith("/sokuji.")}
    assert ours == {f"/sokuji.{service}/{method}" for service, method, *_ in found}


def test_the_generated_modules_are_those_of_the_proto_files(tmp_path: Path) -> None:
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "sokuji/proto").glob("*.proto"))
    assert protoc.main(["", f"-I{ROOT}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *files]) == 0
    generated = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(generated) == 2 * len(files)
    for path in generated:
        stands = (ROOT / path.relative_to(tmp_path)).read_text()
        assert path.read_text() == stands, f"{path.name} is out of date: make proto"


def original_pool() -> DescriptorPool:
    """The messages as a client of the original has them: from files, and with classes, of its own."""
    pool = DescriptorPool()
    for package in ("common", "stt", "translation", "tts"):
        file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=f"sokuji.{package}")
        file.syntax = "proto3"
        if package != "common":
            file.dependency.append("common.proto")
        for name, fields in MESSAGES.items():
            if name.startswith(f"{package}."):
                add_message(file.message_type.add(name=name.partition(".")[2]), package, fields)
        pool.Add(file)
    return pool


def add_message(message: descriptor_pb2.DescriptorProto, package: str, fields: list[Field]) -> None:
    kinds = descriptor_pb2.FieldDescriptorProto
    for label, kind, name, number in fields:
        field = message.field.add(name=name, number=number, label=kinds.LABEL_OPTIONAL)
        if label == "repeated" or kind == "map":
            field.label = kinds.LABEL_REPEATED
        if kind == "map":
            entry = message.nested_type.add(name=f"{name.title()}Entry")
            entry.options.map_entry = True
            for number, part in ((1, "key"), (2, "value")):
                entry.field.add(name=part, number=number, label=kinds.LABEL_OPTIONAL, type=kinds.TYPE_STRING)
            field.type, field.type_name = kinds.TYPE_MESSAGE, entry.name
        elif kind[0].isupper():
            home = "common" if f"common.{kind}" in MESSAGES else package
            field.type, field.type_name = kinds.TYPE_MESSAGE, f".sokuji.{home}.{kind}"
        else:
            field.type = getattr(kinds, f"TYPE_{kind.upper()}")


class OriginalClient:
    """Calls with the original's own classes."""

    def __init__(self, api: GrpcApi) -> None:
        self._api = api
        self._pool = original_pool()

    def message(self, name: str, **fields: Any) -> Message:
        return self._kind(name)(**fields)

    def _kind(self, name: str) -> type[Message]:
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"sokuji.{name}"))

    async def call(self, path: str, asked: Message, answer: str) -> Any:
        call = self._api.channel.unary_unary(f"/sokuji.{path}", data_of, self._kind(answer).FromString)
        return await call(asked)


async def test_clients_of_the_original_need_no_change() -> None:
    async with grpc_api() as api:
        client = OriginalClient(api)
        ask = client.message(
            "translation.TranslateRequest", text="olá", source_language="pt", target_language="en"
        )
        assert type(ask) is not TranslateRequest
        result = await client.call(
            "translation.TranslationService/Translate", ask, "common.TranslationResult"
        )
        assert result.translated_text == "en: olá"
        pcm = sample("pt", "ola_mundo") + silence(800)
        chunk = client.message("common.AudioChunk", data=pcm, sample_rate=16_000, channels=1, format="int16")
        ask = client.message("stt.TranscribeRequest", audio=chunk, language="pt")
        heard = await client.call("stt.STTService/Transcribe", ask, "common.TranscriptionResult")
        assert (heard.text, heard.language, heard.is_final) == ("utterance 1", "pt", True)
        ask = client.message("tts.SynthesizeRequest", text="Hello", voice_id="joe")
        spoken = await client.call("tts.TTSService/Synthesize", ask, "common.SynthesisResult")
        assert (spoken.sample_rate, spoken.format) == (22_050, "int16")
        empty = client.message("common.Empty")
        found = await client.call("tts.TTSService/GetVoices", empty, "tts.VoiceListResponse")
        assert [voice.id for voice in found.voices] == ["joe", "dora"]


async def test_stubs_that_are_generated_from_our_files_call_the_services(tmp_path: Path) -> None:
    assert (
        protoc.main(["", f"-I{ROOT}", f"--grpc_python_out={tmp_path}", "sokuji/proto/translation.proto"]) == 0
    )
    spec = importlib.util.spec_from_file_location("stubs", tmp_path / "sokuji/proto/translation_pb2_grpc.py")
    assert spec
    assert spec.loader
    stubs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stubs)
    async with grpc_api() as api:
        stub = stubs.TranslationServiceStub(api.channel)
        batch = TranslateBatchRequest(texts=["um", "dois"], source_language="pt", target_language="en")
        answer = await stub.TranslateBatch(batch)
        assert [each.translated_text for each in answer.results] == ["en: um", "en: dois"]
        one = TranslateRequest(text="três", source_language="pt", target_language="en")
        streamed = [each.translated_text async for each in stub.TranslateStream(iter([one, one]))]
        assert streamed == ["en: três"] * 2
