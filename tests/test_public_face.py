"""What `import longcount` offers."""

import longcount


def test_every_public_name_is_there():
    for name in longcount.__all__:
        assert getattr(longcount, name) is not None
        assert name in dir(longcount)


def test_unknown_names_are_no_attributes():
    assert not hasattr(longcount, "no_such_name")
