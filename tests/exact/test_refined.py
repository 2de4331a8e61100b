"""Machines that tell more apart read the same words, and their further counters stay below those of the language."""

import numpy as np
import pytest

from longcount import languages
from longcount.exact.refined import counted, unrolled
from longcount.languages.words import Words

FURTHER = {"an_bn": 1, "an_b2n": 1, "an_bn_cn": 1, "an_bm_cm_dn": 2, "an_bm_cnm": 2, "semi_dyck1": 0, "boolean3": 0}


@pytest.mark.parametrize("name", FURTHER)
def test_refined_machines_read_and_ask_the_same(name):
    language = languages.get(name)
    assert isinstance(language, languages.Machine)
    refined = unrolled(counted(language), 2)
    assert refined.counters == language.counters + FURTHER[name]
    texts = [""]
    for _ in range(6):
        texts += [text + letter for text in texts if len(text) == len(texts[-1]) for letter in language.letters]
    words = Words.from_strings(texts[1:], language.letters)
    np.testing.assert_array_equal(refined.members(words), language.members(words))
    np.testing.assert_array_equal(refined.first_bad_tokens(words), language.first_bad_tokens(words))
    members = words.select(np.flatnonzero(language.members(words)))
    np.testing.assert_array_equal(refined.targets(members), language.targets(members))
    for word in range(len(members)):
        counts = refined.counts_after(members.select([word])).max(axis=0)
        assert counts.max() == counts[: language.counters].max()


def test_letters_that_may_be_read_more_often_than_a_counter_is_large_are_not_counted():
    shuffle = languages.get("shuffle2")
    assert isinstance(shuffle, languages.Machine)
    assert counted(shuffle) is shuffle
