"""Pittsburgh and Tokyo Time Machine: small sets in the distributed layout."""

import math

import numpy as np
import pytest

from training.data import PlaceRules, Places, read_manifest, write_manifest
from training.data.readers.dbstruct import read_dbstruct
from training.data.readers.pittsburgh import read_pittsburgh, read_tokyo

savemat = pytest.importorskip("scipy.io").savemat
ORIGIN = np.array([[585001.25], [4476998.5]])  # UTM


def cells(texts):
    """A MATLAB cell array of N×1 texts."""
    column = np.empty((len(texts), 1), object)
    column[:, 0] = texts
    return column


def fields(which, references, reference_xy, queries, query_xy, months=None):
    """The fields of a dbStruct, in the order of the distributed files."""
    found = {
        "whichSet": which,
        "dbImageFns": cells(references),
        "utmDb": ORIGIN + np.array(reference_xy, float).T,
    }
    if months:
        found["dbTimeStamp"] = np.array([months[0]], float)
    found |= {"qImageFns": cells(queries), "utmQ": ORIGIN + np.array(query_xy, float).T}
    if months:
        found["qTimeStamp"] = np.array([months[1]], float)
    return {
        **found,
        "numImages": float(len(references)),
        "numQueries": float(len(queries)),
        "posDistThr": 25.0,
        "posDistSqThr": 625.0,
        "nonTrivPosDistSqThr": 100.0,
    }


def touch(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


VIEWS = [f"000/000000_pitch{pitch}_yaw{yaw}.jpg" for pitch in (1, 2) for yaw in range(1, 13)]
FAR = ["010/010584_pitch1_yaw1.jpg"]
QUERIES = ["008/008043_pitch1_yaw1.jpg"]


@pytest.fixture
def pittsburgh(tmp_path):
    (tmp_path / "datasets").mkdir()
    touch(tmp_path, VIEWS + FAR)
    touch(tmp_path / "queries_real", QUERIES)
    for which in ("train", "val", "test"):
        content = fields(which, VIEWS + FAR, [(0, 0)] * 24 + [(300, 0)], QUERIES, [(3, 4)])
        savemat(tmp_path / "datasets" / f"pitts250k_{which}.mat", {"dbStruct": content})
    return tmp_path


def test_pittsburgh(pittsburgh):
    records = read_pittsburgh(pittsburgh)
    assert len(records) == 3 * 26
    assert [r.split for r in records[::26]] == ["train", "validation", "test"]
    first, query = records[0], records[25]
    assert first.image == pittsburgh / "000" / "000000_pitch1_yaw1.jpg"
    assert (first.x, first.y, first.heading, first.role) == (585001.25, 4476998.5, 0.0, "reference")
    assert query.image == pittsburgh / "queries_real" / "008" / "008043_pitch1_yaw1.jpg"
    assert (query.x, query.y, query.role) == (585004.25, 4477002.5, "query")
    headings = [math.degrees(record.heading) for record in records[:12]]
    assert np.allclose(headings, [0, -30, -60, -90, -120, -150, 180, 150, 120, 90, 60, 30])
    assert [r.heading for r in records[:12]] == [r.heading for r in records[12:24]]


def test_pairs_of_a_pittsburgh_query(pittsburgh):
    records = read_pittsburgh(pittsburgh)[:26]
    same, different = Places(records, PlaceRules(positive_metres=10.0, guard_metres=25.0)).pair_labels([25])
    assert np.flatnonzero(same[0]).tolist() == [0, 1, 11, 12, 13, 23, 25]  # within 40°
    assert np.flatnonzero(different[0]).tolist() == [24]


def test_pittsburgh_is_equal_after_a_manifest(pittsburgh):
    records = read_pittsburgh(pittsburgh)
    write_manifest(records, pittsburgh / "manifest.csv")
    assert np.allclose([r.y for r in read_manifest(pittsburgh / "manifest.csv")], [r.y for r in records])


def test_folders_and_structs_can_be_given(pittsburgh):
    (pittsburgh / "images").mkdir()
    (pittsburgh / "000").rename(pittsburgh / "images" / "000")
    (pittsburgh / "010").rename(pittsburgh / "images" / "010")
    (pittsburgh / "queries_real").rename(pittsburgh / "elsewhere")
    struct = (pittsburgh / "datasets" / "pitts250k_val.mat").rename(pittsburgh / "pitts30k_val.mat")
    records = read_pittsburgh(pittsburgh, [struct], queries=pittsburgh / "elsewhere")
    assert {record.split for record in records} == {"validation"}
    assert all(record.image.is_file() for record in records)


def test_a_missing_image_is_named(pittsburgh):
    (pittsburgh / "010" / "010584_pitch1_yaw1.jpg").unlink()
    with pytest.raises(ValueError, match=r"010584_pitch1_yaw1\.jpg', missing, of .*pitts250k_train"):
        read_pittsburgh(pittsburgh)


def test_missing_structs_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"pitts250k_train\.mat"):
        read_pittsburgh(tmp_path)
    with pytest.raises(ValueError, match=r"tokyoTM_train\.mat"):
        read_tokyo(tmp_path)


@pytest.fixture
def tokyo(tmp_path):
    """tokyoTimeMachine/: two visits of a panorama, a query that is also in the database, a distant one."""
    names = ["0381/aaa_012_000.png", "0381/bbb_012_090.png", "0382/ccc_012_000.png"]
    touch(tmp_path / "images", names)
    content = fields(
        "train", names, [(0, 0), (0, 0), (900, 0)], names[:1], [(0, 0)], ([200907, 201305, 201305], [200907])
    )
    savemat(tmp_path / "tokyoTM_train.mat", {"dbStruct": content})
    return tmp_path


def test_tokyo(tokyo):
    records = read_tokyo(tokyo)
    assert [(r.role, r.sequence) for r in records] == [
        ("", "200907"),  # in the database and a query: one image
        ("reference", "201305"),
        ("reference", "201305"),
    ]
    assert np.allclose([math.degrees(r.heading) for r in records], [0, -90, 0])
    same, different = Places(records, PlaceRules()).pair_labels([0])
    assert (same[0].tolist(), different[0].tolist()) == ([True, False, False], [False, False, True])


def test_images_may_have_another_format_than_listed(tokyo):
    image = tokyo / "images" / "0382" / "ccc_012_000.png"
    image.rename(image.with_suffix(".jpg"))
    assert read_tokyo(tokyo)[2].image.name == "ccc_012_000.jpg"


def test_thresholds_and_months(tokyo):
    found = read_dbstruct(tokyo / "tokyoTM_train.mat")
    assert (found.positive_metres, found.guard_metres) == (10.0, 25.0)
    assert found.reference_months == ["200907", "201305", "201305"]


GOOD = fields("train", ["a.jpg", "b.jpg"], [(0, 0), (9, 9)], ["q.jpg"], [(1, 1)])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"whichSet": "holdout"}, "whichSet"),
        ({"whichSet": 3.0}, "whichSet"),
        ({"utmDb": np.zeros((2, 3))}, "utmDb.*2×2.*2×3"),
        ({"utmDb": np.zeros((2, 2), "U3")}, "utmDb"),
        ({"utmDb": np.full((2, 2), np.nan)}, "utmDb"),
        ({"utmQ": np.zeros((1, 2))}, "utmQ"),
        ({"dbImageFns": np.zeros((2, 1))}, "dbImageFns"),
        ({"qImageFns": cells([7.0])}, "qImageFns"),
        ({"posDistThr": "far"}, "posDistThr"),
        ({"qTimeStamp": np.zeros((1, 4))}, "qTimeStamp"),
        *[({name: None}, name) for name in ("whichSet", "dbImageFns", "utmDb", "utmQ", "posDistThr")],
    ],
)
def test_a_struct_with_one_wrong_field_is_refused(tmp_path, changes, message):
    content = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    savemat(tmp_path / "bad.mat", {"dbStruct": content})
    with pytest.raises(ValueError, match=f"{message}") as caught:
        read_dbstruct(tmp_path / "bad.mat")
    assert "bad.mat" in str(caught.value)


@pytest.mark.parametrize(
    "variables", [{}, {"dbStruct": 3.0}, {"other": GOOD}, {"dbStruct": cells([1.0, 2.0])}]
)
def test_a_mat_without_the_struct_is_refused(tmp_path, variables):
    savemat(tmp_path / "other.mat", variables)
    with pytest.raises(ValueError, match=r"one structure 'dbStruct' in .*other\.mat"):
        read_dbstruct(tmp_path / "other.mat")


@pytest.mark.parametrize("name", ["../../etc/passwd.jpg", "/etc/passwd.jpg"])
def test_names_outside_the_folder_are_refused(tmp_path, name):
    content = fields("train", [name], [(0, 0)], ["q.jpg"], [(0, 0)])
    savemat(tmp_path / "tokyoTM_train.mat", {"dbStruct": content})
    with pytest.raises(ValueError, match="passwd"):
        read_tokyo(tmp_path)
