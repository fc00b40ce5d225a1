"""A container whose clock is hours wrong, and jumps."""

import unittest

import faked_clock
from container_cluster import (HOME, ContainerCluster, all_see_all, build_image, fake_model,
                               why_no_containers)
from fake_model import ANSWER, JUDGE
from faked_clock import FakedClock

setUpModule = build_image
_REASON = why_no_containers() or faked_clock.why_no_clock()


def faked(cluster):
    """For compose: dave with the libraries that show it another time of day."""
    places = [f"/opt/clock/{library.name}" for library in faked_clock.LIBRARIES]
    return {"services": {"dave": {
        "environment": faked_clock.environment(f"{HOME}/clock", places),
        "volumes": [f"{library}:{place}:ro"
                    for library, place in zip(faked_clock.LIBRARIES, places)]}}}


@unittest.skipIf(_REASON, _REASON)
class WrongClock(unittest.TestCase):
    def test_a_node_whose_clock_is_wrong_decides_what_the_others_decide(self):
        with fake_model() as models, ContainerCluster(models, override=faked) as cluster:
            alice, *_, dave = cluster.nodes
            clock = FakedClock(dave)
            cluster.start()
            rounds = []
            for offset, held in (("+3h", ANSWER), ("-26h", JUDGE)):
                models.hold(dave.index, held)
                asking = cluster.ask_in_background("What is 17 + 25?", node=alice)
                models.wait_for_held(dave.index, held)
                clock.jump(offset)
                models.release()
                rounds += [asking.result(), cluster.ask("What is 18 + 25?", node=alice)]
            dave.restart()  # it starts with the wrong time as well
            cluster.wait_reachable(4, cluster.nodes)
            cluster.wait_linked([dave])
            rounds.append(cluster.ask("What is 19 + 25?", node=alice))
            for one in rounds:
                for phase in ("answers", "sheets"):
                    self.assertEqual(one[phase]["missing"], [])
            cluster.agreed([one["round_id"] for one in rounds])
            all_see_all(cluster)
            cluster.check_unharmed()


if __name__ == "__main__":
    unittest.main()
