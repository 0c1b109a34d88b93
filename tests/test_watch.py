"""Skills of the bank under watch: stale and harmful ones are found, good ones seldom suspected."""

import json
import random

import pytest

from skill_gym.skillbanks.watch import Watch, WatchConfig

CONFIG = WatchConfig(keep_effect=0.1, run_length=400)


def observations_until_alarm(effect_at, seed: int, *, most: int = 4000) -> tuple[int, str | None]:
    rng, watch = random.Random(seed), Watch(CONFIG)
    while watch.alarm is None and watch.observations < most:
        effect = effect_at(watch.observations)
        watch.observe_pair(rng.random() < 0.4 + effect, rng.random() < 0.4)
    return watch.observations, watch.alarm


def test_a_good_skill_is_suspected_later_than_promised():
    # At the very edge of what is kept, where false alarms are most frequent.
    lengths = [observations_until_alarm(lambda _: 0.1, seed)[0] for seed in range(60)]
    assert sum(lengths) / len(lengths) >= CONFIG.run_length


def test_a_skill_that_helped_for_long_is_stale_soon_after_it_stopped_to_help():
    delays = []
    for seed in range(40):
        number, alarm = observations_until_alarm(lambda n: 0.5 if n < 200 else -0.05, seed)
        assert alarm is not None
        delays.append(number - 200)
    assert 0 < sum(delays) / len(delays) < 330
    # However long it was good before.
    later = [
        observations_until_alarm(lambda n: 0.5 if n < 800 else -0.05, seed)[0] - 800 for seed in range(40)
    ]
    assert sum(later) / len(later) < 1.3 * sum(delays) / len(delays)


def test_a_harmful_skill_is_found_quickly():
    found = [observations_until_alarm(lambda _: -0.4, seed) for seed in range(40)]
    assert {alarm for _, alarm in found} <= {"harmful", "stale"}
    assert sum(number for number, _ in found) / len(found) < 60


def test_groups_are_watched_as_well():
    rng, watch = random.Random(0), Watch(CONFIG)
    while watch.alarm is None:
        shown = rng.random() < 0.9
        success = rng.random() < (0.1 if shown else 0.8)
        watch.observe_group(success, shown=shown, probability=0.9, baseline=0.2)
        assert watch.observations < 1000
    assert watch.alarm in ("harmful", "stale")


def test_state_round_trips():
    watch = Watch(CONFIG)
    for shown, withheld in ((1, 0), (0, 1), (0, 0)):
        watch.observe_pair(shown, withheld)
    again = Watch.from_json(CONFIG, json.loads(json.dumps(watch.to_json())))
    for one in (watch, again):
        one.observe_pair(0, 1)
    assert again.to_json() == watch.to_json()


@pytest.mark.parametrize(
    ("settings", "message"), [({"keep_effect": 0}, "keep_effect"), ({"run_length": 2}, "run")]
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        WatchConfig(**settings)
