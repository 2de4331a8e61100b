"""Machines of the same language that tell more apart: what networks keep that the language has no need of."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from longcount.languages.machine import Machine


@lru_cache(maxsize=64)
def counted(machine: Machine) -> Machine:
    """The same language by a machine with more counters, of letters: each raises its own by as much as it raises one of
    the language's that falls only once the letter can be read no more. So none ever exceeds those of the language.

    After the last a of aⁿbⁿ, how many there were is no longer known to the language, and a unit may still hold it.
    """
    leads = {state: {rule.next for rule in machine.table if rule.state == state} | {state} for state in machine.states}
    for _ in machine.states:
        leads = {state: set().union(*(leads[after] for after in reached)) for state, reached in leads.items()}
    chosen: dict[str, int] = {}
    for letter in machine.letters:
        read = [rule for rule in machine.table if letter in rule.letters]
        again = {rule.state for rule in read}
        for k in range(machine.counters):
            falls = any(rule.steps[k] < 0 and leads[rule.next] & again for rule in machine.table)
            raised = min((rule.steps[k] for rule in read), default=0)
            if raised > 0 and not falls:
                chosen.setdefault(letter, raised)
    if not chosen:
        return machine
    free = "*" * len(chosen)
    rules = []
    for rule in machine.table:
        for letter in rule.letters:
            steps = (raised * (letter == one) for one, raised in chosen.items())
            rules.append((rule.state, letter, rule.counters + free, rule.next, (*rule.steps, *steps)))
    return replace(
        machine,
        rules=tuple(rules),
        ends=tuple((state, signs + free) for state, signs in machine.ends),
        expected=tuple((state, signs + free, letters) for state, signs, letters in machine.expected),
        classes=tuple((name, state, signs + free) for name, state, signs in machine.classes),
        start_counters=(*machine.start.counters, *(0 for _ in chosen)),
    )


@lru_cache(maxsize=64)
def unrolled(machine: Machine, letters: int) -> Machine:
    """The same language by a machine that tells the first letters after it came to a state from later ones there.

    In the states of the first letters, differences of counters are known that grow later: after one b of aⁿbⁿcⁿ, one b
    fewer is due than c.

    Args:
        machine: the language.
        letters: how many are told from later ones.
    """
    entered = {rule.next for rule in machine.table if rule.next != rule.state}
    numbered = {state: [f"{state}, letter {k}" for k in range(1, letters + 1)] for state in entered}
    names = {state: [*numbered.get(state, ()), state] for state in machine.states}
    rules = []
    for rule in machine.table:
        for k, state in enumerate(names[rule.state], start=1):
            after = rule.next if state == rule.next else names[rule.next][k if rule.next == rule.state else 0]
            rules.append((state, rule.letters, rule.counters, after, rule.steps))
    rules.sort(key=lambda rule: rule[0] != machine.start.state)
    return replace(
        machine,
        rules=tuple(rules),
        ends=tuple((name, signs) for state, signs in machine.ends for name in names[state]),
        expected=tuple((name, *rest) for state, *rest in machine.expected for name in names[state]),
        classes=tuple((one, name, signs) for one, state, signs in machine.classes for name in names[state]),
    )
