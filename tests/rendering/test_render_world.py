import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("panda3d")

from demo.town.library import Library
from demo.town.mesh import Mesh, Skin
from training.data import PlaceRules, Places, read_manifest
from training.rendering import check_renderer
from training.rendering.conditions import KINDS, choose_conditions
from training.rendering.poses import read_poses
from training.rendering.town import GROUNDS, LEAVES, ROOFS, dress, stands_before
from training.rendering.views import Apart, Jitter, View, choose_views, rotation, visit_view

SCRIPT = Path(__file__).resolve().parents[2] / "training" / "render_world.py"
RULES = PlaceRules()
NAMES = (*GROUNDS, *LEAVES, *ROOFS, "grass", "hedge", "plaster", *(f"window{i}" for i in range(24)))


def render(*arguments):
    """Run the script by itself: TensorFlow, which other tests load, and Mesa crash each other."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refusal(*arguments):
    """The one line with which the script refuses."""
    done = render(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def write_room(path, width=8.0, depth=6.0, height=3.0, units=1.0):
    """A cube of a room, y up, every wall of another colour."""
    corners = [(x, y, z) for x in (0, width) for y in (0, height) for z in (0, depth)]
    faces = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    lines = ["mtllib room.mtl", "o room", *(f"v {x * units} {y * units} {z * units}" for x, y, z in corners)]
    for i, face in enumerate(faces):
        lines += [f"usemtl paint{i}", f"f {face}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    paints = ["1 0 0", "0 1 0", ".5 .5 .5", ".9 .9 .9", "0 0 1", "1 1 0"]
    mtl = "".join(f"newmtl paint{i}\nKd {paint}\n" for i, paint in enumerate(paints))
    path.with_name("room.mtl").write_text(mtl, encoding="utf-8")
    return path


def read(record):
    return cv2.imread(str(record.image)).astype(float)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    done = render("--output", folder, "--seed", 3, "--places", 2, "--visits", 2, "--size", "64x48")
    assert done.returncode == 0, done.stderr
    return read_manifest(folder / "manifest.csv")


def test_a_town_is_visited_twice_in_different_light(town):
    assert len(town) == 4
    assert len({record.sequence for record in town}) == 2
    assert {record.region for record in town} == {"rendered/town-3"}
    assert {record.licence for record in town} == {"MIT"}
    pictures = [read(record) for record in town]
    for one, other in ((0, 2), (1, 3), (0, 1)):
        assert np.abs(pictures[one] - pictures[other]).mean() > 10
    for picture in pictures:
        assert picture.shape == (48, 64, 3)
        assert picture.std() > 10  # something is seen


def test_only_visits_of_one_place_are_the_same_place(town):
    same, _ = Places(town, RULES).judge(slice(None))
    assert same.tolist() == [[i % 2 == j % 2 for j in range(4)] for i in range(4)]


def test_a_room_is_rendered_from_inside(tmp_path):
    room = write_room(tmp_path / "room.obj")
    options = ("--world", room, "--places", 2, "--visits", 2, "--size", "64x48", "--spacing", 2)
    for folder in ("one", "two"):
        assert render("--output", tmp_path / folder, *options).returncode == 0
    records = read_manifest(tmp_path / "one" / "manifest.csv")
    assert [record.place for record in records] == ["0/0", "0/1", "0/0", "0/1"]
    for record in records:
        assert 0 < record.x < 8
        assert -6 < record.y < 0  # z of the file points to the reader, y of the world away
        assert read(record).std() > 10
    again = read_manifest(tmp_path / "two" / "manifest.csv")
    assert [r.image.read_bytes() for r in records] == [r.image.read_bytes() for r in again]


def test_a_pose_sees_what_is_before_it(tmp_path):
    room = write_room(tmp_path / "room.obj", units=100)
    (tmp_path / "poses.csv").write_text(f"x,y,z,heading\n4,-3,1.5,0\n4,-3,1.5,{np.pi}\n", encoding="utf-8")
    options = ("--world", room, "--metres-per-unit", 0.01, "--poses", tmp_path / "poses.csv", "--places", 2)
    done = render("--output", tmp_path / "out", *options, "--visits", 1, "--size", "64x48")
    assert done.returncode == 0, done.stderr
    blue, green, red = range(3)
    ahead, back = (read(record)[24, 32] for record in read_manifest(tmp_path / "out" / "manifest.csv"))
    assert ahead.argmax() == green  # the wall at x = 8
    assert back.argmax() == red  # the wall at x = 0
    assert blue not in (ahead.argmax(), back.argmax())


def test_a_missing_model_is_named(tmp_path):
    assert "gone.obj', missing" in refusal("--output", tmp_path / "out", "--world", tmp_path / "gone.obj")


@pytest.mark.parametrize("text", ["hello\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\n"])
def test_a_model_without_faces_is_named(tmp_path, text):
    (tmp_path / "empty.obj").write_text(text, encoding="utf-8")
    message = refusal("--output", tmp_path / "out", "--world", tmp_path / "empty.obj")
    assert message.startswith("✗ expected a model")
    assert "empty.obj" in message
    assert not (tmp_path / "out").exists()


def test_a_room_too_small_for_cameras_is_refused(tmp_path):
    room = write_room(tmp_path / "room.obj", 0.6, 0.6, 3.0)
    message = refusal("--output", tmp_path / "out", "--world", room, "--places", 1)
    assert "Received: a world with none" in message


def test_views_are_apart_or_turned_away():
    random = np.random.default_rng(1)

    def candidates():
        while True:
            yield View(*random.uniform(0, 40, 2), 1.5, random.uniform(-np.pi, np.pi))

    chosen = choose_views(candidates(), lambda view: view.x > 10, Apart(12, 75), 10, 10)
    assert len(chosen) == 10
    for i, one in enumerate(chosen):
        assert one.x > 10
        for other in chosen[:i]:
            turn = np.degrees(np.abs(np.angle(np.exp(1j * (one.heading - other.heading)))))
            assert turn > 75 or np.hypot(one.x - other.x, one.y - other.y) >= 12


def test_too_many_places_are_refused():
    here = [View(0, 0, 1.5, 0), View(1, 0, 1.5, 0.1), View(0, 0, 1.5, 3.0)]
    assert len(choose_views(here, lambda view: True, Apart(), 2, 50)) == 2
    with pytest.raises(ValueError, match=r"room for 3 camera places 12 m apart.*a world with 2"):
        choose_views(here, lambda view: True, Apart(), 3, 3)


def test_two_visits_of_a_place_agree_by_the_default_rules():
    random, place = np.random.default_rng(2), View(3, 4, 1.5, 1.0)
    visits = [visit_view(place, lambda view: view.x > 3, Jitter(), random) for _ in range(100)]
    x, y, heading = (np.array([getattr(visit, name) for visit in visits]) for name in ("x", "y", "heading"))
    assert (x > 3).all()
    assert 2 < np.hypot(x[:, None] - x, y[:, None] - y).max() <= RULES.positive_metres
    assert 20 < np.degrees(np.ptp(heading)) <= RULES.positive_degrees
    assert visit_view(place, lambda view: False, Jitter(), random) == place


def test_the_optical_axes_follow_the_heading():
    turn = rotation(View(0, 0, 0, np.pi / 2, pitch=0.1))
    assert turn.T @ turn == pytest.approx(np.eye(3))
    assert turn[:, 2] == pytest.approx([0, np.cos(0.1), np.sin(0.1)])  # forward: +y, a little up
    assert turn[:, 0] == pytest.approx([1, 0, 0])  # right: +x


@pytest.mark.parametrize(
    ("car", "hides"), [((0, 2), True), ((0, 4), False), ((2, 2), False), ((0, -2), False)]
)
def test_a_car_hides_what_is_close_behind_it(car, hides):
    assert stands_before(np.array([car]), View(0, 0, 1.5, np.pi / 2)) == hides


def test_seasons_change_leaves_and_ground_but_not_the_town():
    library = Library()
    for name in NAMES:
        library.add(name, np.ones((512, 512, 3)))
    town = Mesh()
    town.quad([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], Skin(library["asphalt"]))
    town.quad([(0, 0, 1), (1, 0, 1), (1, 0, 2), (0, 0, 2)], Skin(library["leaves_green"]))
    town.quad([(0, 0, 9), (1, 0, 9), (1, 1, 9), (0, 1, 9)], Skin(library["slate"]))
    before = town.vertices()

    def dressed(**changed):
        conditions = choose_conditions(1, np.random.default_rng(0))[0]._replace(
            **{"wet": 0.0, "lit": 1.0, **changed}
        )
        return dress(before, library, conditions, np.random.default_rng(1))

    assert (dressed(season="summer") == before).all()
    assert dressed(season="summer", wet=0.5)["surface"][:, 1].tolist() == [0.5] * 6 + [0] * 12
    assert set(dressed(season="autumn")["surface"][6:12, 0]) == {library["leaves_autumn"]}
    winter = dressed(season="winter")
    assert len(winter) == 12  # the leaves are gone
    assert set(winter["surface"][6:, 0]) == {library["plaster"]}  # the roof is white
    assert before["surface"][:, 0].tolist() == [
        library[n] for n in ("asphalt", "leaves_green", "slate") for _ in range(6)
    ]


def test_no_two_visits_have_the_same_conditions():
    chosen = choose_conditions(2 * len(KINDS), np.random.default_rng(4))
    assert len({conditions.name for conditions in chosen}) == len(chosen)
    assert len({conditions.light for conditions in chosen}) == len(chosen)
    assert chosen == choose_conditions(2 * len(KINDS), np.random.default_rng(4))


@pytest.mark.parametrize(
    "text",
    ["", "x,y,z,heading\n", "x,y,z\n1,2,3\n", "x,y,z,heading\n1,2,3,north\n", "x,y,z,heading\n1,2,inf,0\n"],
)
def test_bad_poses_are_named(tmp_path, text):
    (tmp_path / "poses.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"poses\.csv"):
        read_poses(tmp_path / "poses.csv")


def test_rendering_beside_tensorflow_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ValueError, match="TensorFlow is loaded"):
        check_renderer()
