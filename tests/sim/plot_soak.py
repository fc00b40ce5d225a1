#!/usr/bin/env python3
"""Draws what tests/sim/run --soak --json printed: plot_soak.py SAMPLES.json FILE.svg"""

import json
import pathlib
import sys

try:
    import matplotlib
except ImportError:
    sys.exit("the plot needs matplotlib: deploy/deps.sh dev, or pip install matplotlib")

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "decentd", "svg.fonttype": "none", "font.size": 9,
                            "axes.grid": True, "grid.color": "0.9", "axes.spines.top": False,
                            "axes.spines.right": False})
from matplotlib import pyplot  # noqa: E402  the backend is chosen first


def main():
    samples = json.loads(pathlib.Path(sys.argv[1]).read_text())
    quantities = samples["quantities"]
    figure, axes = pyplot.subplots(len(quantities), 1, sharex=True, layout="constrained",
                                   figsize=(8, 1.3 * len(quantities)))
    for axis, (name, values) in zip(axes, quantities.items()):
        axis.plot(samples["round"], values, linewidth=0.8, color="tab:blue")
        axis.set_title(name, loc="left", fontsize=9)
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel(f"rounds, in {samples['hours'][-1]:.1f} hours of virtual time")
    axes[-1].set_xlim(0, samples["round"][-1])
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
