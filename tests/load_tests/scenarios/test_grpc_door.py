"""Sessions over gRPC are timed as those of the bridge's own door."""

import pytest
import typer

from load_tests.measurements.load_level import summarise
from load_tests.scenarios.options import doors, grpc_address
from load_tests.scenarios.sessions import Scenario, run_scenario
from sokuji.client.config import Config
from tests.support.grpc_api import grpc_api


@pytest.mark.slow
async def test_the_sentences_of_a_scenario_are_answered_over_grpc() -> None:
    config = Config(source_language="pt", target_language="en")
    async with grpc_api() as api:
        scenario = Scenario(config, 1, 5.0, door="grpc", grpc_address=api.address)
        level = summarise(await run_scenario("http://127.0.0.1:1", scenario))
    assert (level.sent, level.received, level.lost, level.out_of_order) == (1, 1, 0, 0)
    assert level.errors == {}
    assert {"translation", "first audio"} <= set(level.latency_ms)


def test_the_door_and_its_address_are_checked() -> None:
    assert doors("grpc,bridge") == ["grpc", "bridge"]
    assert grpc_address("127.0.0.1:50051") == "127.0.0.1:50051"
    with pytest.raises(typer.BadParameter, match="IP:PORT"):
        grpc_address("50051")
