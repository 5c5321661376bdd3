"""Contact sheet of the wrong matches with the highest similarity."""

import cv2
import numpy as np

from training.evaluation.retrieval import best_matches

_WIDTH, _HEIGHT = 240, 180  # pixels of an image
_LINE = 22  # pixels of a line of text
_INK, _PAPER = (40, 40, 40), (255, 255, 255)


def worst_mistakes(task, similarity, count):
    """The wrong best matches of highest similarity, among queries with a correct reference.

    Args:
        task: a :class:`training.evaluation.retrieval.RetrievalTask`.
        similarity: (Q, R) float.
        count: maximum number.

    Returns:
        list of (query, found, right): indices of a query, of its best match and of its most similar
        correct reference.
    """
    right = task.right & ~task.ignored
    found, highest = best_matches(similarity, right, task.ignored)
    wrong = right.any(axis=1) & ~right[np.arange(len(found)), found]
    order = [query for query in np.argsort(-highest, kind="stable") if wrong[query]]
    better = np.argmax(np.where(right, similarity, -np.inf), axis=1)
    return [(int(query), int(found[query]), int(better[query])) for query in order[:count]]


def mistakes_sheet(title, task, similarity, count):
    """Rows of query, found and right, each with its similarity to the query.

    Args:
        title: first line.
        task, similarity, count: see :func:`worst_mistakes`.

    Returns:
        (H, 720, 3) uint8 BGR; only the title if there is no mistake.
    """
    mistakes = worst_mistakes(task, similarity, count)
    summary = f"the {len(mistakes)} most similar wrong matches" if mistakes else "no wrong match"
    lines = [_text(f"{title}: {summary}", 3 * _WIDTH)]
    for query, found, right in mistakes:
        lines += [
            np.hstack([_fit(read()) for read in _images(task, query, found, right)]),
            np.hstack(
                [
                    _text(caption, _WIDTH)
                    for caption in (
                        f"query {query}",
                        f"found {similarity[query, found]:.3f}",
                        f"right {similarity[query, right]:.3f}",
                    )
                ]
            ),
        ]
    return np.vstack(lines)


def _images(task, query, found, right):
    return task.queries[query], task.references[found], task.references[right]


def _fit(image):
    """An image centred in its cell, with its aspect ratio."""
    scale = min((_WIDTH - 6) / image.shape[1], (_HEIGHT - 6) / image.shape[0])
    size = (max(1, round(scale * image.shape[1])), max(1, round(scale * image.shape[0])))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    cell = np.full((_HEIGHT, _WIDTH, 3), _PAPER, np.uint8)
    top, left = (_HEIGHT - size[1]) // 2, (_WIDTH - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = small
    return cell


def _text(text, width):
    line = np.full((_LINE, width, 3), _PAPER, np.uint8)
    return cv2.putText(line, text, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
