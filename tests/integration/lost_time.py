"""What the death of a hop cost a run, by its log. Each line of a connection has its time and how long
it took: so it is known when the connection began, and whether it waited while the hop was dying."""

import datetime

# Lines have whole milliseconds.
SKEW_S = 0.002


def _seconds(event):
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


class Connection:
    def __init__(self, event):
        self.ended = _seconds(event)
        self.took = event["connect_ms"] / 1000
        self.began = self.ended - self.took
        self.hops = event.get("hops", [])
        self.event = event


class LostTime:
    """`death`: when hop `dead` was first told to be down. `waited`: the connections that had begun by
    then and came up, or failed, later by another way. `after`: those that began later."""

    def __init__(self, events, dead):
        deaths = [event for event in events if event["event"] == "message"
                  and event["message"].startswith(f"hop {dead} ") and " is down: " in event["message"]]
        assert len(deaths) == 1, deaths
        self.dead, self.death = dead, _seconds(deaths[0])
        made = [Connection(event) for event in events if event["event"] in ("connect", "fail")]
        self.waited = [each for each in made if dead not in each.hops
                       and each.began <= self.death + SKEW_S and each.ended >= self.death - SKEW_S]
        self.after = [each for each in made if each.began > self.death + SKEW_S]

    def seconds(self):
        """From when the first of them began to wait to when the last one was through."""
        if not self.waited:
            return 0
        return max(each.ended for each in self.waited) - min(each.began for each in self.waited)

    def must_be_one_timeout(self, timeout_s, slack_s, factor=1):
        """For all processes together, and no part of another one for who comes later."""
        waits = [(round(each.began - self.death, 2), round(each.took, 2)) for each in self.waited]
        assert self.seconds() <= factor * timeout_s + slack_s, waits
        assert all(each.ended <= self.death + slack_s for each in self.waited), waits
        for each in self.after:
            assert self.dead not in each.hops, each.event
            # Who waits for the hop now has nobody to tell him before its time is over.
            assert each.took < 0.9 * timeout_s, each.event
