"""Hashed noise."""

import numpy as np

from gridpact.data import noise

KEYS = np.array([noise.key("a", 1), noise.key("a", 2)], dtype=np.uint64)


def test_moments() -> None:
    draws = noise.uniform(KEYS, np.arange(50_000))
    assert draws.min() > 0
    assert draws.max() < 1
    np.testing.assert_allclose(draws.mean(axis=1), 0.5, atol=0.005)
    np.testing.assert_allclose(draws.var(axis=1), 1 / 12, atol=0.002)
    bell = noise.normal(KEYS, np.arange(50_000))
    np.testing.assert_allclose(bell.mean(axis=1), 0.0, atol=0.02)
    np.testing.assert_allclose(bell.std(axis=1), 1.0, atol=0.02)


def test_lanes_are_not_alike() -> None:
    one, other = noise.normal(KEYS, np.arange(20_000))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.03


def test_parts_of_a_key_do_not_run_together() -> None:
    assert noise.key("ab", "c") != noise.key("a", "bc")


def test_splitmix64_reference_values() -> None:
    """First outputs of SplitMix64 for seed 0, from its published C code."""
    state = np.array([0], dtype=np.uint64)
    assert int(noise._mixed(state)[0]) == 0xE220A8397B1DCDAF
    assert int(noise._mixed(state + noise._GOLDEN)[0]) == 0x6E789E6AA1B965F4
