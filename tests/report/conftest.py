"""Reports that several tests read."""

import pytest
import report_pages as pages

import bayes_gmm as bg


@pytest.fixture(scope="session")
def report(posterior, tmp_path_factory):
    """The path of a report of two segments, with other columns."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    return bg.write_report(posterior, path, pages.table())


@pytest.fixture(scope="session")
def page(report):
    """What it holds."""
    return pages.read(report)
