"""How much a loop would join the pose graph of a fleet.

The nodes are stretches of the robots' paths; odometry joins those that follow each other, loops join others.
A loop that is worth most is one between nodes with the largest effective resistance, if each edge is a
resistor: it raises the number of spanning trees most, by the factor 1 + R, and with it the determinant of the
information (Khosoussi et al., Reliable Graphs for SLAM, IJRR 38, 2019). Paths that no loop joins are as far
apart as can be. Swarm-SLAM (Lajoie and Beltrame, RA-L 9, 2024) ranks by the second eigenvalue of the same
matrix instead, which is about the weakest connection of the whole graph only.
"""

from typing import Iterable, Mapping, Sequence, Tuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from place_recognition_ros.fleet.memory import Stretch

UNJOINED = 1e-3  # conductance between paths that no loop joins; an edge has 1

Pair = Tuple[Stretch, Stretch]


def resistances(lengths: Mapping[int, int], loops: Iterable[Pair], pairs: Sequence[Pair]) -> np.ndarray:
    """The effective resistance between two stretches, (n,) float64, for each pair; an edge has 1.

    Args:
        lengths: session → number of its stretches.
        loops: that are known.
        pairs: for which it is wanted.
    """
    if not pairs:
        return np.zeros(0)
    starts = dict(zip(lengths, np.concatenate([[0], np.cumsum([*lengths.values()])]).tolist()))
    count = sum(lengths.values())
    along = [starts[session] + row for session, length in lengths.items() for row in range(length - 1)]
    edges = np.array(
        [*((row, row + 1) for row in along), *(_nodes(starts, each) for each in loops)], int
    ).reshape(-1, 2)
    weights = np.ones(2 * len(edges))
    ends = np.concatenate([edges, edges[:, ::-1]])
    adjacency = sparse.coo_matrix((weights, (ends[:, 0], ends[:, 1])), shape=(count, count))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    degree[list(starts.values())] += UNJOINED  # all paths begin at the ground, nearly
    solver = splu(sparse.csc_matrix(sparse.diags(degree) - adjacency))
    wanted = np.array([_nodes(starts, each) for each in pairs], int)
    columns = np.arange(len(wanted))
    currents = np.zeros((count, len(wanted)))
    currents[wanted[:, 0], columns] += 1.0
    currents[wanted[:, 1], columns] -= 1.0
    voltages = solver.solve(currents)
    return np.asarray(voltages[wanted[:, 0], columns] - voltages[wanted[:, 1], columns])


def _nodes(starts: Mapping[int, int], pair: Pair) -> Tuple[int, int]:
    a, b = pair
    return starts[a.session] + a.number, starts[b.session] + b.number
