"""Thresholds are fields of settings: few modules have numeric constants, which are listed here."""

import ast
from pathlib import Path

import bayes_gmm

PACKAGE = Path(bayes_gmm.__file__).parent

ALLOWED = {
    # mathematics
    "data/checks/mixture_1d.py": {"LOG_2PI"},
    "data/checks/profile.py": {"NORMAL_QUARTILES"},
    "data/rows.py": {"EPSILON", "LARGEST_WHOLE", "TILE"},  # TILE: of compiled code
    "data/subsample.py": {"GOLDEN"},
    "data/validate.py": {"LARGEST_RANGE"},
    "model/checks.py": {"SMALLEST"},
    "model/prior/constants.py": {"LOG_NORMAL", "HALF_NORMAL", "INVERSE_GAMMA"},
    "model/prior/scales.py": {"HALF_LOG_2PI"},
    # the simulated table
    "data/datasets.py": {"SEGMENTS", "CORRELATIONS"},
    # constants of compiled code
    "inference/optimize/whitening.py": {"FARTHEST"},
    "model/kernel/kernel.py": {"LOG_2PI", "FEW_FEATURES"},
    "model/kernel/sums.py": {"NEGLIGIBLE"},
    "model/parameters.py": {"SMALLEST_LOG_SCALE"},
    "model/weight_transform.py": {"SPREAD"},
    "results/comparison/model_probabilities.py": {"LARGE"},
    "results/shape/normality.py": {"FEWEST"},
    "results/shape/record.py": {"GAUSSIAN"},
    "results/shape/statistics.py": {"ROUNDING", "SOUGHT"},
    # exit codes and formats of files
    "cli/__init__.py": {"INTERRUPTED"},
    "data/io/quotes.py": {"NEWLINES"},
    "data/io/text_column.py": {"TRUTH"},
    "data/number_text.py": {"SUFFIXES"},
    "results/io/file_format.py": {"FORMAT_VERSION"},
    # the format of a sampler's data
    "model/c_density.py": {"SIZES", "HEADER", "NOT_FINITE"},
}


FUNCTIONS = ("array", "exp", "float", "frozenset", "int", "int64", "log", "range", "sqrt", "uint64")
"""Functions that make numbers of numbers."""


def is_number(node):
    """Whether an expression consists of numbers, arithmetic, and functions of numbers."""
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float, complex)
        case ast.Name(id=name):
            return name.isupper()
        case ast.Attribute(attr=attribute):
            return attribute in ("eps", "inf", "pi")
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return bool(parts) and all(map(is_number, parts))
        case ast.Dict(values=parts):
            return bool(parts) and all(map(is_number, parts))
        case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function), args=parts):
            return function in FUNCTIONS and all(map(is_number, parts))
    return False


def numeric_constants(source):
    """Names to which a module assigns numbers."""
    found = set()
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = zip(names, values, strict=True)
            case ast.Assign(targets=[name], value=value) | ast.AnnAssign(target=name, value=value):
                pairs = [(name, value)]
            case _:
                continue
        found |= {name.id for name, value in pairs if not is_dunder(name) and is_number(value)}
    return found


def is_dunder(name):
    return not isinstance(name, ast.Name) or name.id.startswith("__")


def test_only_listed_modules_have_numeric_constants():
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        constants = numeric_constants(path.read_text(encoding="utf-8"))
        if constants:
            found[name] = constants
    assert found == ALLOWED


def test_kinds_of_constants_are_recognised():
    numbers = "A, B = 2, 'b'", "C: float = -A / 2", "D = {1: (2, 3)}", "E = np.uint64(7 << 4)"
    others = "F = f()", "G = tuple(A)", "H = ('a', 'b')", "I = Settings()", "J = {1: 'a'}"
    assert numeric_constants("\n".join(numbers + others)) == {"A", "C", "D", "E"}
