"""Retrieval tasks on named image sets.

``BENCHMARKS`` are for measuring: nothing may be fitted or chosen on them. ``validation`` is for choosing.
"""

from training.evaluation.tasks.benchmarks import ie_tower_held_out, koe_landmarks, sped_half
from training.evaluation.tasks.poses import seven_scenes_redkitchen, strecha, tum_fr1_rpy
from training.evaluation.tasks.validation import manifest_task, validation_tasks

BENCHMARKS = {  # name → (folder of the sets → list of tasks), in the order of the table
    "sped_half": sped_half,
    "koe_landmarks": koe_landmarks,
    "ie_tower_held_out": ie_tower_held_out,
    "7scenes_redkitchen": seven_scenes_redkitchen,
    "tum_fr1_rpy": tum_fr1_rpy,
    "strecha": strecha,
}
TASKS = {**BENCHMARKS, "validation": validation_tasks}

__all__ = ["BENCHMARKS", "TASKS", "manifest_task", "validation_tasks"]
