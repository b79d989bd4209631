"""Thresholds of the checks of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayes_gmm.data.total_rows import TotalRowSettings


@dataclass(frozen=True)
class SharedValueSettings:
    """Thresholds for atoms, codes for missing values, and categories."""

    least_atom: float = 0.05
    """Minimum fraction of the rows with the value of an atom."""
    stands_out: float = 5.0
    """Minimum frequency of an atom, or a code within the range, relative to the next value."""
    most_atoms: int = 3
    """Maximum number of atoms of one column: both ends, and zero."""
    fewest_others: int = 3
    """Minimum number of other distinct values; with fewer, values are categories."""
    most_others_asked: int = 10
    """Number of other distinct values that is sufficient for any number of rows."""
    fine: float = 0.25
    """Largest step of a column that counts as continuous, in standard deviations of the rest."""
    fewest_coded: float = 3.0
    """Minimum number of rows with the same far value; two outliers may coincide."""
    fewest_coded_inside: float = 5.0
    """Minimum number of rows with a code within the range of the other values."""
    usual_gap: float = 1.0
    """Minimum distance of a usual code (-1, 99, 999, ...) from other values, in robust sds."""
    other_gap: float = 3.0
    """Minimum distance of any other code from other values, in robust sds."""
    most_codes: int = 3
    """Maximum number of codes at one end of a column, such as 997, 998 and 999."""


@dataclass(frozen=True)
class TailSettings:
    """Thresholds for outliers and long tails."""

    far_out: float = 8.0
    """Minimum distance of an outlier from the median, in robust standard deviations."""
    few_far: float = 3.0
    """Number of rows that may be outliers, or negative in a column with a long tail."""
    few_far_share: float = 0.02
    """Maximum fraction of outliers; more are a group or a tail."""
    skewed: float = 2.0
    """Minimum skewness of a long tail; that of an exponential distribution."""
    straightened: float = 0.5
    """Maximum ratio of the skewness of the logarithm to that of the column."""
    straight: float = 1.0
    """Maximum skewness without the far values; if it is larger, they belong to a tail."""
    far_on_log: float = 5.0
    """Minimum distance of an outlier from the median on the log scale, in robust sds."""
    isolated: float = 8.0
    """Gap before an outlier, in mean excesses of the values below it; an
    exponential tail leaves such a gap with probability exp(-8)."""
    neighbours: int = 20
    """Maximum number of values below a gap for the mean excess."""
    fewest_neighbours: int = 5
    """Minimum number of values below a gap."""
    coarse: float = 0.5
    """Minimum step of a coarse column, in standard deviations."""
    nearly_constant: float = 0.95
    """Minimum fraction of the rows with the same value in a nearly constant column."""


@dataclass(frozen=True)
class IdentifierSettings:
    """Thresholds for identifiers."""

    fewest: int = 20
    """Minimum number of distinct values; fewer whole numbers may be a list of categories."""
    chance: float = 1e-6
    """Largest probability that as many uniform draws from the range are all different."""
    names: frozenset[str] = frozenset(
        {"id", "ids", "idx", "index", "key", "guid", "uuid", "rowid", "rownames", "rowname", "row",
         "rownum", "rownumber", "recordid", "custid", "customerid", "userid", "clientid",
         "kundennr", "kundennummer", "invoiceno", "accountno", "unnamed"}
    )  # fmt: skip
    """Words of a column's name that make unique whole numbers an identifier."""
    values_first: int = 64
    """Number of equally spaced values that are tested first for whole numbers."""


@dataclass(frozen=True)
class CollinearSettings:
    """Thresholds for exactly and nearly collinear columns."""

    own: float = 1e-3
    """Residual variance fraction below which a column is a linear function of others."""
    exact: float = 1e-12
    """Residual variance fraction of an exact function in floating point."""
    nearly: float = 5e-3
    """Residual variance fraction below which a column is nearly collinear: R^2 of .995."""
    concerned: float = 0.9
    """Minimum correlation that links columns in a nearly collinear group."""
    most_columns: int = 1000
    """Maximum number of columns; wider tables are not checked."""
    most_rows: int = 100_000
    """Maximum number of rows; longer tables are thinned."""
    most_eliminated: int = 60
    """Maximum number of columns, those with the largest contributions, to eliminate from."""


@dataclass(frozen=True)
class CopySettings:
    """Thresholds for copies and near-copies of rows."""

    most_rows: int = 20_000
    """Maximum number of rows that are searched for near-copies; longer tables are thinned."""
    most_columns: int = 200
    """Maximum number of columns; wider tables are not checked for near-copies."""
    fewest_rows: int = 20
    """Minimum number of rows; shorter tables are not checked for near-copies."""
    frequent: float = 0.05
    """Minimum frequency of a value whose rows are left out, as all agree in that column."""
    typical_rows: int = 200
    """Number of rows from which the typical distance to neighbours is computed."""
    closer: float = 0.05
    """Maximum distance of near-copies, relative to the typical distance of the same neighbour."""
    within: float = 0.02
    """Maximum distance of near-copies in any column, in its standard deviations."""
    chance: float = 2e-3
    """Expected number of rows of a smooth table that are taken for near-copies."""
    fine: float = 0.25
    """Largest step of a column with fine steps, in distances of near-copies."""
    most_neighbours: int = 11
    """Number of neighbours whose distances are computed."""
    isolated: float = 3.0
    """Minimum distance of a group from other rows, in diameters of the group."""
    pairs: float = 0.05
    """Minimum fraction of rows with a near-copy if no group is larger than a pair."""
    pair_dimension: float = 1.7
    """Minimum dimension of the rows for pairs to count; on a line, close pairs are common."""
    fewest_repeats: float = 3.0
    """Minimum number of rows that repeat another one."""
    finest: float = 0.1
    """Largest step of the finest column, in its standard deviations, at which exact copies can be
    distinguished from rounding."""
    beyond_chance: float = 4.0
    """Minimum ratio of the exact copies to those that rounding explains."""
    neighbour_steps: int = 4
    """Distance in steps up to which pairs of rows are counted to see what rounding explains."""
    compared: int = 200_000
    """Approximate maximum number of rows whose pairs are counted."""
    columns_stepped: int = 5
    """Number of columns, those with the most distinct values, in which pairs are counted."""


@dataclass(frozen=True)
class SkewSettings:
    """Thresholds for skewed segments."""

    most_components: int = 5
    """Maximum number of components of the univariate mixtures."""
    points: int = 256
    """Number of quantiles that represent the column."""
    most_rows: float = 500.0
    """Maximum number of rows that the BIC counts; more would find misfits too small to matter."""
    fewest_rows: float = 100.0
    """Minimum number of rows; shorter columns are not checked."""
    margin: float = 18.0
    """Minimum reduction of the BIC on the log scale."""
    fewer: float = 1.5
    """Minimum ratio of the components on the own scale to those on the log scale."""
    iterations: int = 60
    """EM steps of each univariate mixture."""
    narrowest: float = 0.03
    """Minimum standard deviation of a component, in those of the column: several quantiles."""
    most_columns: int = 60
    """Maximum number of columns; only the first ones are checked."""
    cut_off: float = 2.0
    """Minimum ratio of the frequency of the first or last value to that of its neighbours at which
    the column looks cut off there; such a value is left out."""
    most_heaped: float = 0.05
    """Maximum fraction of rows with one value; narrow components would fit frequent values."""


@dataclass(frozen=True)
class JointSettings:
    """Settings of multivariate mixtures whose columns choose among transformations."""

    most_components: int = 4
    """Components of the mixtures."""
    most_rows: int = 2000
    """Maximum number of rows of the sample that is fitted, and that the BIC counts."""
    most_columns: int = 40
    """Wider tables are not fitted, because the cost rises with the cube of the columns."""
    least_complete: float = 0.5
    """Minimum share of the rows without missing cells; other rows are left out."""
    short_steps: int = 10
    """EM steps of each start."""
    short_gain: float = 0.5
    """Gain of a step, in nats, below which the run of a start ends."""
    long_steps: int = 100
    """EM steps of the best start."""
    long_gain: float = 0.1
    """Gain of a step, in nats, below which other runs end; small compared with a margin of 10."""
    rounds: int = 8
    """Maximum number of times that options are chosen in turn with EM."""


@dataclass(frozen=True)
class ChoiceSettings:
    """Settings of the choice of transformations."""

    mixtures: SkewSettings = field(
        default_factory=lambda: SkewSettings(most_components=4, narrowest=0.002)
    )
    """Univariate mixtures, with components narrow enough for separate segments."""
    joint: JointSettings = field(default_factory=JointSettings)
    """Multivariate mixtures."""
    most_rows: float = 10_000.0
    """Maximum number of rows that the BIC of univariate mixtures counts; more would find misfits
    too small to matter."""
    margin: float = 10.0
    """Minimum reduction of the BIC by a transformation: very strong evidence (Kass & Raftery 1995).
    A smaller one is a tie, at which the identity is kept."""
    fewest_distinct: int = 8
    """Minimum number of distinct values; fewer are categories."""
    low_share: float = 0.05
    """Quantile of the positive values that is the scale of log(1 + x / scale) in univariate
    mixtures, or the recording step if that is larger."""
    shares: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.25)
    """The same in multivariate mixtures."""


@dataclass(frozen=True)
class CheckSettings:
    """All thresholds of `check_table`."""

    shared_values: SharedValueSettings = field(default_factory=SharedValueSettings)
    tails: TailSettings = field(default_factory=TailSettings)
    identifiers: IdentifierSettings = field(default_factory=IdentifierSettings)
    collinear: CollinearSettings = field(default_factory=CollinearSettings)
    copies: CopySettings = field(default_factory=CopySettings)
    skew: SkewSettings = field(default_factory=SkewSettings)
    total_rows: TotalRowSettings = field(default_factory=TotalRowSettings)
    fewest_rows: float = 5.0
    """Minimum number of rows per parameter of one segment."""
    most_pair_columns: int = 500
    """Maximum number of columns for the search of pairs that are never observed together."""
    most_pairs: int = 3
    """Maximum number of such pairs to report."""
    fewest_counted: int = 50_000
    """Number of rows of a long table that a fit checks first, at equal distances."""
    rows_at_once: int = 1 << 16
    """Number of rows in a chunk when pairs of observed columns are counted."""
