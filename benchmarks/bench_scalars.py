"""The engine of scalars on micrograd's demo: two moons, a network 2-16-16-1, one full-batch step."""

from report import compare, publish
from side_by_side import Contestant, take_turns

contestants = [
    Contestant("micrograd", "micrograd", ["scalars.py", "micrograd", "on"]),
    Contestant("micrograd, collector off", "micrograd", ["scalars.py", "micrograd", "off"]),
    Contestant("seegrad", "seegrad", ["scalars.py", "seegrad", "on"]),
    Contestant("seegrad, collector off", "seegrad", ["scalars.py", "seegrad", "off"]),
    Contestant("seegrad, compiled", "seegrad", ["scalars.py", "compiled", "on"]),
]
take_turns(contestants)
columns = {"milliseconds": "ms per step", "forward": "forward, ms", "backward": "backward, ms"}
sums = {c.name: c.median("checksum") for c in contestants if not c.missing}
spread = max(sums.values()) - min(sums.values())
publish(
    "scalars",
    "Scalars: micrograd's moons demo",
    "One step, forward and backward, of about 65,000 nodes. As run, most of micrograd's time is Python's garbage "
    "collector, which its nodes keep busy; so both are shown with the collector off, too. A weighted sum of all "
    f"gradients differs by {spread:.1e} between contestants.",
    [
        compare(contestants, columns, "milliseconds", "micrograd"),
        compare(
            [c for c in contestants if c.name.endswith("off")], columns, "milliseconds", "micrograd, collector off"
        ),
    ],
)
