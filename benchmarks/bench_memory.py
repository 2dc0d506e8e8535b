"""Memory by node of a scalar graph, and growth over steps."""

from report import compare, publish
from side_by_side import Contestant, take_turns

contestants = [
    Contestant("micrograd", "micrograd", ["node_memory.py", "micrograd"]),
    Contestant("seegrad", "seegrad", ["node_memory.py", "seegrad"]),
]
take_turns(contestants, rounds=3)
publish(
    "memory",
    "Memory of a scalar graph",
    "Bytes by node as Python's own count has it (tracemalloc), and bytes that remain after 50 more steps. The peak "
    "memory of whole processes stands beside the times of the CNN.",
    [
        compare(
            contestants,
            {"recorded": "bytes/node recorded", "after": "bytes/node after backward", "left": "bytes left"},
            "recorded",
            "micrograd",
        )
    ],
)
