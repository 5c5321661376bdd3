import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from demo.judge import judge, revisits
from training.data.recordings.recording import Verdict
from training.data.recordings.rendered import building, drive

HEADER = "file,floor,lap,index,stamp,tx,ty,tz,qx,qy,qz,qw\n"


def test_a_rendered_building_is_judged_by_floor_distance_and_heading(tmp_path):
    turned = Rotation.from_euler("z", 45, degrees=True).as_quat()
    lines = [
        "a.webp,0,0,0,0.0,0,0,0,0,0,0,1",
        "b.webp,0,0,1,1.0,1,0,0,0,0,0,1",
        "c.webp,0,0,2,2.0,3,0,0,0,0,0,1",
        "d.webp,0,0,3,3.0,9,0,0,0,0,0,1",
        "e.webp,1,0,4,6.0,0,0,0,0,0,0,1",
        "f.webp,0,1,5,30.0,0,0,0," + ",".join(map(str, Rotation.from_euler("x", 45, degrees=True).as_quat())),
        "g.webp,0,1,6,31.0,0,0,0," + ",".join(map(str, turned)),
    ]
    (tmp_path / "gt.csv").write_text(HEADER + "\n".join(lines), encoding="utf-8")
    recording = building(tmp_path)
    assert [recording.judge(0, match) for match in range(6)] == [
        Verdict.RIGHT,
        Verdict.RIGHT,
        Verdict.UNKNOWN,
        Verdict.WRONG,
        Verdict.WRONG,
        Verdict.UNKNOWN,
    ]
    assert recording.revisits == (6,)


def test_without_a_rendered_building_the_set_is_absent(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a rendered building"):
        building(tmp_path)


def test_the_drive_is_judged_as_the_demo_judges_it():
    recording = drive()
    right = np.array(
        [[judge(a.pose, b.pose).right for b in recording.frames] for a in recording.frames[::10]]
    )
    assert (recording.verdicts[::10] == right).all()
    stamps = [frame.stamp for frame in recording.frames]
    poses = [frame.pose for frame in recording.frames]
    assert list(recording.revisits) == revisits(stamps, poses, [True] * len(poses), 10 * 10**9)
    assert {frame.session for frame in recording.frames} == {0, 1}
