import os
import re

import pytest

from place_recognition_ros.types import FEATURE, Candidate, Evidence, Kind, Reason, Status


@pytest.fixture
def candidate():
    return Candidate(
        kind=Kind.LOOP_CLOSURE,
        status=Status.RETRIEVED,
        reason=Reason.NONE,
        query_id=2,
        match_id=1,
        query_stamp=20,
        match_stamp=10,
        query_session=1,
        match_session=1,
        query_robot="",
        match_robot="",
        evidence=Evidence(similarity=0.5, margin=0.1),
    )


def test_a_stored_feature_has_44_bytes():
    assert FEATURE.itemsize == 3 * 4 + 32


@pytest.mark.parametrize("status", Status)
def test_only_verified_candidates_are_accepted(candidate, status):
    assert candidate._replace(status=status).accepted is (status == Status.VERIFIED)


@pytest.mark.parametrize("enum", [Kind, Status, Reason])
def test_enums_have_the_numbers_of_the_message(root, enum):
    with open(os.path.join(root, "msg", "LoopCandidate.msg"), encoding="utf-8") as file:
        constants = dict(re.findall(r"^uint8 (\w+)\s*=\s*(\d+)", file.read(), re.MULTILINE))
    for member in enum:
        assert constants[enum.__name__.upper() + "_" + member.name] == str(int(member))
