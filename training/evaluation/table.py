"""Results of several models side by side, as Markdown."""

from typing import Dict, NamedTuple

from training.evaluation.cost import Cost
from training.evaluation.retrieval import Figures


class Evaluation(NamedTuple):
    """Results of one model."""

    name: str
    figures: Dict[str, Figures]  # by task
    milliseconds: float  # one inference, median
    engine: str  # inference engine of the timing
    cost: Cost


def full_table(evaluations):
    """All results, one row per task and model; the best of a task in bold.

    Args:
        evaluations: list of :class:`Evaluation` on the same tasks.

    Returns:
        str, Markdown, ending with a newline.
    """
    ranks = sorted(next(iter(evaluations[0].figures.values())).recall)
    header = ["set", "queries", "model", *(f"recall@{k}" for k in ranks)]
    header += ["average precision", "recall at 100 % precision", *_COSTS]
    rows = []
    for task in evaluations[0].figures:
        columns = []
        for evaluation in evaluations:
            figures = evaluation.figures[task]
            shares = [figures.recall[k] for k in ranks]
            columns.append([*shares, figures.curve.area, figures.curve.recall_at_full_precision])
        for evaluation, shares in zip(evaluations, _bold_columns(columns)):
            queries = str(evaluation.figures[task].queries)
            rows.append([task, queries, evaluation.name, *shares, *_cost(evaluation)])
    return markdown(header, rows) + f"\nms: {_engines(evaluations)}, median.\n"


def short_table(evaluations):
    """One row per model: "recall@1 / recall at 100 % precision" on each task; the best in bold."""
    tasks = list(evaluations[0].figures)
    found = [[evaluation.figures[task].recall[1] for task in tasks] for evaluation in evaluations]
    sure = [
        [evaluation.figures[task].curve.recall_at_full_precision for task in tasks]
        for evaluation in evaluations
    ]
    rows = [
        [evaluation.name, *(f"{one} / {other}" for one, other in zip(first, second)), *_cost(evaluation)]
        for evaluation, first, second in zip(evaluations, _bold_columns(found), _bold_columns(sure))
    ]
    return markdown(["model", *tasks, *_COSTS], rows) + f"\nms: {_engines(evaluations)}, median.\n"


def markdown(header, rows):
    """Header and rows of str → a Markdown table with aligned columns; numbers right-aligned."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    numeric = [all(row[i].strip("*")[:1].isdigit() for row in rows) for i in range(len(header))]

    def line(cells):
        aligned = zip(cells, widths, numeric)
        return f"| {' | '.join(f'{c:>{w}}' if right else f'{c:<{w}}' for c, w, right in aligned)} |"

    rule = [f"{'-' * (width + 1)}{':' if right else '-'}" for width, right in zip(widths, numeric)]
    return "\n".join([line(header), f"|{'|'.join(rule)}|", *map(line, rows)]) + "\n"


_COSTS = ("ms", "parameters", "multiply-adds")


def _cost(evaluation):
    parameters, multiply_adds = evaluation.cost
    return [f"{evaluation.milliseconds:.1f}", f"{parameters / 1e6:.2f} M", f"{multiply_adds / 1e6:.0f} M"]


def _bold_columns(rows):
    """Shares → per cent, the largest of each column in bold if there are several rows."""
    texts = [[f"{100 * share:.1f}" for share in row] for row in rows]
    best = [max(column, key=float) for column in zip(*texts)]
    if len(rows) == 1:
        return texts
    return [[f"**{text}**" if text == top else text for text, top in zip(row, best)] for row in texts]


def _engines(evaluations):
    return ", ".join(dict.fromkeys(evaluation.engine for evaluation in evaluations))
