"""Several robots, one memory.

A robot's link (:mod:`link`) sends the keyframes of its map, and what the server asks for of them. The server
(:mod:`server`) stores them in its own map, looks for places that two robots have seen, and returns the loops
to both. Each exchange is begun by the robot and may be repeated; what is stored has a position in the
server's map, so that nothing is lost and nothing is doubled, whichever side is cut off or killed.
"""
