"""Imports form no cycle; those for type checking and those inside functions count too."""

from graphlib import TopologicalSorter

import grimp
import pytest

DEEPEST = {"bayes_gmm.inference": 12, "bayes_gmm": 21}
"""Modules in the longest chain of imports that ends in a package."""


@pytest.fixture(scope="module")
def imports():
    graph = grimp.build_graph("bayes_gmm", exclude_type_checking_imports=False)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_there_is_no_cycle(imports):
    assert set(TopologicalSorter(imports).static_order()) == set(imports)


def test_chains_of_imports_are_short(imports):
    depth = {}
    for module in TopologicalSorter(imports).static_order():
        depth[module] = 1 + max((depth[other] for other in imports[module]), default=0)
    for package, deepest in DEEPEST.items():
        assert max(depth[module] for module in depth if module.startswith(package)) <= deepest
