"""The leaderboard of other languages: interventions, proofs, the baseline, and a control that nothing passes."""

import math
from pathlib import Path

import numpy as np

from longcount import cells, languages
from longcount.analysis.interventions import interventions_called, leaderboard_study
from longcount.analysis.leaderboard import (
    BOUND_LIMIT,
    Leaderboard,
    keep_leaderboard,
    make_leaderboard,
    proof_and_bounds,
    read_leaderboard,
)
from longcount.analysis.selection import values
from longcount.languages import tasks
from longcount.report.leaderboard.figure import leaderboard_figure
from longcount.report.leaderboard.page import command, leaderboard_facts, lines
from longcount.report.leaderboard.tables import caption_of, leaderboard_shown, without_proof
from longcount.store.store import Store
from longcount.training.problem import problem

from ..exact.test_programs import built

REPAIRED = "repaired after training"

WORDS = {
    "an_bn": {
        "training_words": 20,
        "validation_words": 5,
        "training_n": "1-8",
        "long_n": "9-12",
        "very_long_n": "13-20",
    },
    "dyck2": {
        "training_words": 40,
        "validation_words": 10,
        "long_words": 5,
        "very_long_words": 4,
        "very_long_length": 80,
    },
}


def board(language: str, directory: Path) -> tuple[Store, Leaderboard]:
    chosen = interventions_called(["cross-entropy", REPAIRED], languages.get(language))
    fields = {"hidden_size": 2, "epochs": 2, "words": WORDS[language]}
    study = leaderboard_study(3, 0, fields, chosen, language, ["lstm"])
    frame = make_leaderboard(directory, study, jobs=1, bounded_runs=2, interventions=chosen)
    store = Store.open(directory)
    keep_leaderboard(store, frame)
    found = read_leaderboard(store)
    assert found is not None
    return store, found


def test_each_language_has_the_interventions_that_make_sense_for_it():
    names = {one: {each.name for each in interventions_called((), languages.get(one))} for one in languages.names()}
    assert {"signs of a counter at the start", "training words to 100 tokens"} <= names["semi_dyck1"]
    assert "signs of a counter at the start" not in names["shuffle2"]
    assert "training words to n = 100" in names["an_bm_cnm"]
    assert "training words to 100 tokens" not in names["an_bn"]
    for one in names:
        study = leaderboard_study(1, interventions=interventions_called((), languages.get(one)), language=one)
        assert {condition.language for condition in study.conditions} == {one}


def test_words_by_number_stand_beside_the_baseline(tmp_path):
    store, found = board("an_bn", tmp_path)
    assert found.is_by_proof
    *networks, baseline = found.table.to_dict("records")
    assert {row["cell"] for row in networks} == {"lstm"}
    assert REPAIRED in [row["intervention"] for row in networks]
    assert all(
        row["exact"] == 0 and row["bounded"] == 2 and 0 <= row["lower_bound"] <= row["upper_bound"] for row in networks
    )
    assert all(row["first_failing_n_min"] <= row["first_failing_n_median"] for row in networks)
    # It says that b follows b, which is wrong first at the end of ab.
    assert (baseline["cell"], baseline["intervention"], baseline["lower_bound"]) == ("", "without memory", 1)
    assert (baseline["first_failing_n_median"], baseline["passed"], baseline["exact"]) == (1, 0, 0)
    assert baseline["fpf"] == np.mean([2 * n - 1 for n in range(13, 21)])
    shown = leaderboard_shown(found.table)
    assert shown["first failing n"].iloc[-1] == "1"
    assert shown["worst-case FPF"].iloc[-1] == "1"
    assert [line.intervention for line in lines(found.table)][-1] == "without memory"
    assert command(store, found) == (
        "longcount leaderboard --out DIR --language an_bn --units 2 "
        '--only "cross-entropy" --only "repaired after training" --cell lstm --runs 3 '
        "--bounded 2 --seed 0"
    )
    assert "the best answer from the last letter alone" in leaderboard_figure(found).sentence
    # Some known word is longer than the Very Long ones: the axis goes as far.
    longer = leaderboard_figure(found._replace(table=found.table.assign(upper_bound=500.0)))
    assert "'domain': [0, 500.0]" in str(longer.rows[0][1])


def test_nothing_passes_where_no_counters_decide(tmp_path):
    _, found = board("dyck2", tmp_path)
    assert not found.is_by_proof
    assert REPAIRED not in set(found.table["intervention"]), "no repair is known without counters"
    assert np.isnan(values(found.table, "exact")).all()
    assert set(leaderboard_shown(found.table)["proved exact %"]) == {"–"}
    told = "No counters decide dyck2, so nothing can be proved exact, and nothing passes: 0 of 6 networks are right"
    assert caption_of(found).endswith(f"{told} on every Very Long word.")
    assert any(fact.startswith(told) for fact in leaderboard_facts(found))
    assert "passes" in leaderboard_figure(found).rows[0][0]["title"]["text"]
    some = found._replace(table=found.table.assign(passed=[1.0, 1 / 3, 0.0]))
    assert "4 of 6 networks are right" in without_proof(some)
    assert "nothing passes" not in without_proof(some)


def test_a_proof_of_several_units_counts_and_a_network_that_fails_is_bounded():
    cell, flat, asked = built("shuffle2")
    reach, *bounds = proof_and_bounds(cell, asked, flat, bounded=True)
    assert reach >= 100_000
    assert all(map(math.isnan, bounds))
    broken = flat.copy()
    broken[-1] += 40
    assert proof_and_bounds(cell, asked, broken, bounded=False)[0] == 0
    reach, lower, upper = proof_and_bounds(cell, asked, broken, bounded=True)
    assert reach == 0
    assert 0 <= lower <= upper < BOUND_LIMIT
    dyck2 = problem(languages.get("dyck2"), tasks.NEXT_LETTERS)
    assert all(map(math.isnan, proof_and_bounds(cells.get("lstm", 2, 1, 4, 4), dyck2, flat, bounded=True)))
