"""Worst cases beside averages, where models were certified."""

import shutil

import numpy as np
import pandas as pd

from longcount.analysis.selection import values, where
from longcount.exact.stores import certify_store
from longcount.report.draw import draw


def test_reports_show_what_certify_left(drawn, tmp_path):
    copy = shutil.copytree(drawn, tmp_path / "paper")
    assert not (copy / "tables" / "worst_case.csv").exists()
    certificates = certify_store(copy, cell="lstm", limit=300, jobs=1)
    draw(copy)
    row = pd.read_csv(copy / "tables" / "worst_case.csv").set_index("cell").loc["lstm"]
    bounded = where(certificates, verdict="bounded")
    assert row["models"] == 3
    assert row["exact"] == 3 - len(bounded)
    assert row["lower_min"] == min(bounded["lower_bound"])
    assert row["upper_median"] == np.nanmedian(values(bounded, "upper_bound").astype(float))
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "Average and worst case" in page
    assert (copy / "figures" / "worst_case.svg").exists() == bool(
        np.isfinite(values(bounded, "upper_bound").astype(float)).any()
    )
