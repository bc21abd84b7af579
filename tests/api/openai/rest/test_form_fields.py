"""Fields of forms become arrays and objects, whatever their brackets, and none is lost."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.api.openai.rest.form_fields import gathered, json_object
from sokuji.errors import InvalidRequest

ARRAYS, OBJECTS = frozenset({"include", "languages"}), frozenset({"strategy"})
TEXTS = st.text(max_size=5)
NAMES = st.text("abc[]_", min_size=1, max_size=8)


@given(
    includes=st.lists(st.tuples(st.sampled_from(["include", "include[]"]), TEXTS)),
    members=st.dictionaries(st.text("xyz", min_size=1, max_size=3), TEXTS),
    plain=st.dictionaries(st.sampled_from(["model", "prompt"]), TEXTS),
    seed=st.randoms(use_true_random=False),
)
def test_arrays_keep_their_order_and_objects_their_members_wherever_they_stand(
    includes: list[tuple[str, str]], members: dict[str, str], plain: dict[str, str], seed: Random
) -> None:
    others = [(f"strategy[{name}]", value) for name, value in members.items()] + list(plain.items())
    # The array's own order stays; the others are strewn among it.
    fields = list(includes)
    for field in others:
        fields.insert(seed.randint(0, len(fields)), field)
    expected: dict[str, object] = dict(plain)
    if includes:
        expected["include"] = [value for _, value in includes]
    if members:
        expected["strategy"] = members
    assert gathered(fields, ARRAYS, OBJECTS) == expected


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=6))
def test_of_any_form_each_value_is_kept_or_the_form_is_refused(fields: list[tuple[str, str]]) -> None:
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):
        with pytest.raises(InvalidRequest) as refusal:
            gathered(fields, ARRAYS, OBJECTS)
        assert names.count(refusal.value.param or "") > 1
    else:
        assert gathered(fields, ARRAYS, OBJECTS) == dict(fields)


@pytest.mark.parametrize(
    "fields",
    [
        [("model", "a"), ("model", "b")],
        [("strategy[type]", "a"), ("strategy[type]", "b")],
        [("strategy", "auto"), ("strategy[type]", "a")],
        [("strategy[type]", "a"), ("strategy", "auto")],
    ],
)
def test_a_value_that_would_be_ignored_is_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidRequest, match="more than once"):
        gathered(fields, ARRAYS, OBJECTS)


@pytest.mark.parametrize("name", ["model[]", "model[x]", "include[0]", "strategy[]", "strategy[a", "[]"])
def test_other_brackets_are_part_of_an_unknown_name(name: str) -> None:
    assert gathered([(name, "x")], ARRAYS, OBJECTS) == {name: "x"}


def test_an_object_may_be_json() -> None:
    assert json_object(' {"type": "a"}') == {"type": "a"}
    assert json_object("auto") == "auto"
    assert json_object("{broken") == "{broken"
    assert json_object("{" * 100_000) == "{" * 100_000
