"""The engine of scalars: micrograd's demo of two moons, and a GPT of single numbers."""

from report import compare, publish, summary_rows
from side_by_side import Contestant, take_turns

moons = [
    Contestant("micrograd", "micrograd", ["scalars.py", "micrograd", "on"]),
    Contestant("micrograd, collector off", "micrograd", ["scalars.py", "micrograd", "off"]),
    Contestant("seegrad", "seegrad", ["scalars.py", "seegrad", "on"]),
    Contestant("seegrad, collector off", "seegrad", ["scalars.py", "seegrad", "off"]),
    Contestant("seegrad, compiled", "seegrad", ["scalars.py", "compiled", "on"]),
    Contestant("seegrad, compiled, with Numba", "fast", ["scalars.py", "compiled", "on"]),
]
names = [
    Contestant("seegrad", "seegrad", ["microgpt.py", "plain"]),
    Contestant("seegrad, compiled", "seegrad", ["microgpt.py", "compiled"]),
    Contestant("seegrad, compiled, with Numba", "fast", ["microgpt.py", "compiled"]),
]
take_turns(moons)
take_turns(names, rounds=3)
columns = {"milliseconds": "ms per step", "forward": "forward, ms", "backward": "backward, ms"}
sums = [c.median("checksum") for c in moons if not c.missing]
losses = [c.median("loss") for c in names if not c.missing]
with_collector = [c for c in moons if not c.name.endswith("off")]
publish(
    "scalars",
    "Scalars: micrograd's moons demo, and a GPT",
    "One step, forward and backward, of about 65,000 nodes. As run, most of micrograd's time is Python's garbage "
    "collector, which its nodes keep busy; so both are shown with the collector off, too. A weighted sum of all "
    f"gradients differs by {max(sums) - min(sums):.1e} between contestants.\n\nThe GPT (1 layer, 16 dimensions, 4 "
    "heads, 4,192 parameters, each a Value) learns twenty names, one a step, with Adam; names of the same length share "
    f"a recording. The losses differ by {max(losses) - min(losses):.1e}. micrograd has no `exp` and no `log`.",
    [
        compare(moons, columns, "milliseconds", "micrograd"),
        compare(
            names,
            {"milliseconds": "ms per name", "calculus": "forward and backward, ms", "recordings": "recordings"},
            "milliseconds",
            "seegrad",
        ),
    ],
    summary=[
        *summary_rows("Single numbers", {"Two moons, 65,000 nodes": with_collector}, "micrograd"),
        *summary_rows("Single numbers", {"GPT, 4,192 Values": names}, "seegrad"),
    ],
)
