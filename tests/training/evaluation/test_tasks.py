"""Retrieval tasks: queries, references, correct and ignored pairs."""

import cv2
import numpy as np
import pytest

from training.data import PlaceRules, Record, read_image
from training.evaluation.tasks import BENCHMARKS, manifest_task, poses, validation_tasks
from training.evaluation.tasks.images import CHANGES, TaskImage
from training.evaluation.tasks.second_visits import SECOND_VISITS
from training.evaluation.tasks.walks import neighbours


def walk(clip, count, region="floor1"):
    return [
        Record(f"{clip}{second}", sequence=clip, time=float(second), region=region) for second in range(count)
    ]


def test_neighbours_are_correct_from_three_to_ten_seconds():
    task = neighbours("walk", walk("a", 15))
    assert np.flatnonzero(task.ignored[0]).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(task.right[0]).tolist() == [4, 5, 6, 7, 8, 9, 10]


def test_clips_with_equal_names_on_two_floors_are_different():
    task = neighbours("walk", walk("a", 6, "floor1") + walk("a", 6, "floor2"))
    assert not task.right[:6, 6:].any()
    assert not task.ignored[:6, 6:].any()


def test_guarded_ignores_unknown_pairs():
    records = walk("a", 15) + walk("b", 2) + walk("c", 2, "floor2")
    task = neighbours("walk", records, guarded=True)
    assert task.ignored[0, 11:17].all()  # later in the clip; another clip of the floor
    assert not task.ignored[0, 4:11].any()
    assert not (task.ignored[0, 17:] | task.right[0, 17:]).any()  # another floor is wrong


def test_manifest_task_uses_roles_and_ignores_unknown_pairs():
    records = [
        Record("q", x=0.0, y=0.0, role="query"),
        Record("near", x=3.0, y=0.0, role="reference"),
        Record("guard", x=15.0, y=0.0, role="reference"),
        Record("far", x=90.0, y=0.0, role="reference"),
        Record("both", x=4.0, y=0.0),
    ]
    task = manifest_task("mine", records, PlaceRules(positive_metres=5.0, guard_metres=25.0))
    assert [image.path for image in task.queries] == ["q", "both"]
    assert [image.path for image in task.references] == ["near", "guard", "far", "both"]
    assert task.right.tolist() == [[True, False, False, True], [True, False, False, False]]
    assert task.ignored.tolist() == [[False, True, False, False], [False, True, False, True]]


def test_manifest_without_references_is_refused():
    with pytest.raises(ValueError, match="Received: 1 and 0 of 1 images"):
        manifest_task("mine", [Record("q", place="a", role="query")])


@pytest.fixture
def file(tmp_path):
    image = cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8), (160, 120))
    cv2.imwrite(str(tmp_path / "a.png"), image)
    return tmp_path / "a.png"


@pytest.mark.parametrize("change", CHANGES)
def test_changes_depend_on_the_seed(file, change):
    lender = file if change == "season" else None
    first, again, other = (TaskImage(file, change, seed, lender)() for seed in (1, 1, 2))
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert first.shape[1] == (160 if change in ("light", "view", "roll") else 99)
    assert first.shape != (120, 160, 3) or not np.array_equal(first, read_image(file))
    assert change == "coarse" or not np.array_equal(first, other)


def test_equal_task_images_have_equal_hashes(file):
    assert len({TaskImage(file), TaskImage(file), TaskImage(file, "light"), TaskImage(file, "light", 1)}) == 3
    assert np.array_equal(TaskImage(file)(), read_image(file))


def test_tasks_with_poses(tmp_path):
    folder = tmp_path / "tum_fr1_rpy"
    folder.mkdir()
    turned = np.sin(np.radians(15)), np.cos(np.radians(15))  # by 30° about z
    rows = [
        ("start", 0.0, 0.0, (0, 0, 0, 1)),
        ("soon", 9.0, 0.0, (0, 0, 0, 1)),
        ("back", 20.0, 0.1, (0, 0, 0, -1)),  # the same rotation
        ("aside", 21.0, 0.3, (0, 0, 0, 1)),
        ("turned", 22.0, 0.0, (0, 0, *turned)),
    ]
    lines = [f"{name},{time},{x},0,0,{','.join(map(str, q))},0" for name, time, x, q in rows]
    (folder / "gt.csv").write_text("\n".join(["frame,timestamp,tx,ty,tz,qx,qy,qz,qw,gt_dt_s", *lines]))
    (task,) = poses.tum_fr1_rpy(tmp_path)
    assert task.ignored[0].tolist() == [True, True, False, False, False]
    assert task.right[0].tolist() == [False, False, True, False, False]


def write_strecha(folder, rows):
    folder.mkdir()
    names = ["file", "set", "place", "cx", "cy", "cz", *(f"r{i}" for i in range(9))]
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "gt.csv").write_text("\n".join([",".join(names), *lines]))


def camera(name, group, place, degrees, shift=0.0):
    """A camera on a circle of 10 m around the origin, looking at it."""
    angle = np.radians(degrees)
    axis = np.array([-np.cos(angle), -np.sin(angle), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    rotation = np.stack([np.cross(up, axis), -up, axis], axis=1)
    return [name, group, place, *(-10 * axis + shift), *rotation.ravel()]


def test_strecha_images_of_the_same_wall_are_correct(tmp_path):
    rows = [camera(f"{degrees}.webp", "castle-P19", "castle", degrees) for degrees in (0, 30, 60, 120)]
    rows += [
        camera("copy.webp", "castle-P30", "castle", 0, shift=9.75),
        camera("elsewhere.webp", "Herz-Jesus-P8", "Herz-Jesus", 0),
        camera("elsewhere2.webp", "Herz-Jesus-P8", "Herz-Jesus", 20),
        camera("copy2.webp", "castle-P30", "castle", 30, shift=9.75),
    ]
    write_strecha(tmp_path / "strecha", rows)
    (task,) = poses.strecha(tmp_path)
    assert task.right[0].tolist() == [False, True, False, False, False, False, False, True]
    assert task.ignored[0].tolist() == [True, False, True, False, True, False, False, False]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_sets(data, name):
    for task in BENCHMARKS[name](data):
        assert task.right.shape == task.ignored.shape == (len(task.queries), len(task.references))
        right = task.right & ~task.ignored
        assert right.any(axis=1).mean() > 0.4
        assert (~task.ignored & ~task.right).any(axis=1).all()  # each query has a wrong reference
        assert all(image.path.is_file() for image in (*task.queries, *task.references))


def test_validation_queries_are_validation_images(data):
    tasks = {task.name: task for task in validation_tasks(data)}
    names = ("light", "view", "coarse", "season", "walk", "railway", "return")
    assert set(tasks) == {f"validation_{name}" for name in names}
    measured = {p.path for make in BENCHMARKS.values() for task in make(data) for p in task.references}
    for task in tasks.values():
        assert not measured & {image.path for image in (*task.queries, *task.references)}
    light = tasks["validation_light"]
    assert np.array_equal(light.right, np.eye(len(light.queries), dtype=bool))
    assert not light.ignored.diagonal().any()
    assert [q.path for q in light.queries] == [r.path for r in light.references]
    season = tasks["validation_season"]
    assert season.right.sum(axis=1).tolist() == [1] * len(season.queries)
    assert not (season.right & season.ignored).any()
    for query, right in zip(season.queries, season.right):
        assert season.references[np.argmax(right)].path == query.path
        assert "/outdoor/" in str(query.other)


@pytest.mark.parametrize("make", SECOND_VISITS, ids=lambda make: make.__name__)
def test_no_query_of_a_second_visit_is_of_the_first_one(make, data):
    visit = make(data)
    first = [record.image for record in visit.first]
    for task in visit.tasks:
        assert [image.path for image in task.references] == first
        assert not {image.path for image in task.queries} & set(first)
        assert (task.right & ~task.ignored).any(axis=1).sum() > 20
        assert not (task.right & task.ignored).any()
        assert task.right.shape == task.ignored.shape == (len(task.queries), len(first))
