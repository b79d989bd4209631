"""A fit comes back from disk as it was, and what is no fit is refused by name."""

import dataclasses
import gc
import os

import h5py
import numpy as np
import pytest
import xarray as xr

from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.prior import LKJ, HalfNormal, InverseGamma, LogNormal, Normal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.fit.map_fit import MapFit, Mode
from bayes_gmm.results.io.checksum import CHECKSUM
from bayes_gmm.results.io.file_format import FORMAT_VERSION
from bayes_gmm.results.io.netcdf import check_file, replacing
from bayes_gmm.results.io.prior_json import prior_from_json
from bayes_gmm.results.load import load
from bayes_gmm.results.posterior.posterior import Posterior

FEATURES = ("Einkommen (k€)", "=Score, 1-100", "年齢")


def random_mixture(n_components, seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n_components, 3, 3)) * [1e-6, 1.0, 1e9]
    return Mixture(
        weights=rng.dirichlet(np.ones(n_components)),
        means=rng.normal(size=(n_components, 3)) * [1e-6, 1.0, 1e9],
        covariances=np.einsum("kni,knj->kij", factors, factors),
        resolution=np.array([0.0, 1 / 3, 1e7]),
        features=FEATURES,
    )


@pytest.fixture
def fit():
    mixture = random_mixture(4, seed=0)
    modes = (
        Mode(mixture=mixture, log_posterior=-10.1, log_evidence=-20.3, probability=0.7),
        Mode(random_mixture(3, seed=1), log_posterior=-9.7, log_evidence=-21.1, probability=0.3),
    )
    return MapFit(
        mixture=mixture,
        prior=Prior(),
        structure=Structure(),
        standardizer=Standardizer(shift=np.array([1e-7, 0.1, 3e8]), scale=np.array([1e-6, 1, 1e9])),
        features=FEATURES,
        n_rows=123,
        total_weight=122.5,
        measured_weight=121.5,
        log_posterior=-10.1,
        log_likelihood=-1 / 3,
        converged=True,
        n_iter=17,
        history=np.array([-12.0, -11.1, -10.1]),
        modes=modes,
        rho2=np.array([0.0, 0.1, 1e-4]),
    )


@pytest.fixture
def rows():
    X = random_mixture(4, seed=0).sample(50, 2)[0]
    X[::7, 1] = np.nan
    return X


def same_mixture(one, other):
    names = ("weights", "means", "covariances", "resolution")
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return same and one.features == other.features


def test_predictions_of_a_loaded_fit_are_the_originals_bit_for_bit(fit, rows, tmp_path):
    fit.save(tmp_path / "model.nc")
    back = load(tmp_path / "model.nc")
    assert np.array_equal(back.predict_proba(rows), fit.predict_proba(rows))
    assert np.array_equal(back.score_samples(rows), fit.score_samples(rows))


def test_every_part_comes_back(fit, tmp_path):
    back = load(fit.save(tmp_path / "model.nc"))
    assert same_mixture(back.mixture, fit.mixture)
    assert np.array_equal(back.history, fit.history)
    assert np.array_equal(back.standardizer.shift, fit.standardizer.shift)
    assert np.array_equal(back.standardizer.scale, fit.standardizer.scale)
    assert np.array_equal(back.rho2, fit.rho2)
    told_apart = {"mixture", "history", "standardizer", "modes", "rho2"}
    for field in dataclasses.fields(MapFit):
        if field.name not in told_apart:
            value, original = getattr(back, field.name), getattr(fit, field.name)
            assert value == original
            assert type(value) is type(original)


def test_modes_come_back_with_their_own_number_of_components(fit, tmp_path):
    back = load(fit.save(tmp_path / "model.nc"))
    assert [mode.mixture.n_components for mode in back.modes] == [4, 3]
    for mode, original in zip(back.modes, fit.modes, strict=True):
        assert same_mixture(mode.mixture, original.mixture)
        assert mode.log_posterior == original.log_posterior
        assert mode.log_evidence == original.log_evidence
        assert mode.probability == original.probability


@pytest.mark.parametrize(
    "prior",
    [
        Prior(concentration=(0.5, 1.0, 2.0, 1 / 3), covariances=LKJ(1.7)),
        Prior(means=Normal(0.1, 1e300), covariances=LKJ(scales=LogNormal(0.2, 0.3))),
        Prior(means=Normal(0, float("inf")), covariances=LKJ(scales=HalfNormal(1 / 3))),
        Prior(covariances=LKJ(scales=InverseGamma(2.5, 1e-9))),
    ],
    ids=lambda prior: type(prior.scales).__name__,
)
def test_any_prior_comes_back(fit, prior, tmp_path):
    fit = dataclasses.replace(fit, prior=prior)
    assert load(fit.save(tmp_path / "model.nc")).prior == prior


def test_a_posterior_says_what_its_prior_was(posterior):
    assert prior_from_json(posterior.provenance["prior"]) == posterior.fit.prior


@pytest.mark.slow
@pytest.mark.parametrize("structure", Structure.all(), ids=lambda structure: structure.name)
def test_any_structure_comes_back(fit, structure, tmp_path):
    fit = dataclasses.replace(fit, structure=structure)
    assert load(fit.save(tmp_path / "model.nc")).structure == structure


def test_file_explains_itself_to_xarray(fit, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        share = tree["map/weights"].sel(component="Segment 2").item()
        income = tree["map/means"].sel(component="Segment 1", feature=FEATURES[0]).item()
        assert {"created_at", "inference_library_version", "numpy_version"} <= set(tree.attrs)
    assert share == fit.mixture.weights[1]
    assert income == fit.mixture.means[0, 0]


@pytest.mark.parametrize("name", ["model.csv", "model.CSV", "model.parquet"])
def test_the_name_of_a_table_is_no_name_of_a_model(fit, name, tmp_path):
    with pytest.raises(DataError, match="is the name of a table.*use the ending .nc"):
        fit.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_left_beside_the_file(fit, tmp_path):
    fit.save(tmp_path / "model.nc")
    fit.save(tmp_path / "model.nc")
    assert [file.name for file in tmp_path.iterdir()] == ["model.nc"]


@pytest.mark.parametrize("failure", [OSError("disk full"), RuntimeError("HDF5"), KeyboardInterrupt])
def test_failure_leaves_the_former_file_and_no_draft(fit, failure, tmp_path, monkeypatch):
    path = tmp_path / "model.nc"
    path.write_text("the former file")

    def write_half(tree, target, **options):
        target.write_text("half")
        raise failure

    monkeypatch.setattr(xr.DataTree, "to_netcdf", write_half)
    with pytest.raises((OSError, KeyboardInterrupt)):
        fit.save(path)
    assert path.read_text() == "the former file"
    assert [file.name for file in tmp_path.iterdir()] == ["model.nc"]


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused_by_name(fit, kept, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"model\.nc' is damaged or not a model file"):
        load(path)


def test_foreign_files_are_refused_by_name(tmp_path):
    text = tmp_path / "customers.csv"
    text.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"customers\.csv' is damaged or not a model file"):
        load(text)
    foreign = tmp_path / "weather.nc"
    xr.Dataset({"rain": ("day", [1.0, 2.0])}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(DataError, match=r"weather\.nc' is a NetCDF file, but not a model"):
        load(foreign)


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"no model file '.*absent\.nc'"):
        load(tmp_path / "absent.nc")


def rewritten(path, change):
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        tree = tree.load()
    change(tree)
    tree.to_netcdf(path, engine="h5netcdf")
    return path


def test_newer_format_asks_for_an_upgrade(fit, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    rewritten(path, lambda tree: tree.attrs.update(format_version=FORMAT_VERSION + 1))
    with pytest.raises(DataError, match=rf"format {FORMAT_VERSION + 1}.* upgrade bayes_gmm"):
        load(path)


def test_file_without_a_part_is_damaged(fit, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    rewritten(path, lambda tree: [tree.attrs.pop(name) for name in ("prior", CHECKSUM)])
    with pytest.raises(DataError, match=r"is damaged: KeyError.*prior"):
        load(path)


def test_saving_where_there_is_no_folder_names_the_folder(fit, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*absent"):
        fit.save(tmp_path / "absent" / "model.nc")
    with pytest.raises(IsADirectoryError, match="is a folder; give a file name"):
        fit.save(tmp_path)


@pytest.mark.parametrize("path", [None, 3, b"model.nc", "a\x00.nc"])
def test_what_is_no_name_of_a_file_is_refused(fit, path):
    for use in (load, lambda path: fit.save(path)):
        with pytest.raises(DataError, match="path must be the name of a file, got") as caught:
            use(path)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("column", ["a\x00b", "\ud800"])
def test_a_column_whose_name_no_file_can_carry_is_named(posterior, column, tmp_path):
    fit = dataclasses.replace(posterior.fit, features=(column, "Income"))
    for either in (fit, dataclasses.replace(posterior, fit=fit)):
        with pytest.raises(DataError, match="has a name that cannot be stored") as caught:
            either.save(tmp_path / "model.nc")
        assert ascii(column) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that takes no files")
def test_a_place_that_takes_no_files_is_named_by_the_users_path(fit, posterior):
    for either in (fit, posterior):
        with pytest.raises(OSError, match="model") as caught:
            either.save("/proc/model.nc")
        assert caught.value.filename == "/proc/model.nc"
        assert caught.value.strerror == os.strerror(caught.value.errno)


@pytest.mark.parametrize("failure", [OSError, RuntimeError])
def test_a_failure_that_names_the_draft_is_told_with_the_users_path(
    fit, failure, tmp_path, monkeypatch
):
    def fail(tree, target, **options):
        raise failure(f"unable to lock file, name = '{target}'\nno locks available")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    path = tmp_path / "model.nc"
    with pytest.raises(OSError, match="cannot write") as caught:
        fit.save(path)
    assert str(caught.value) == (
        f"cannot write '{path}': unable to lock file, name = '{path}' no locks available"
    )


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with replacing(tmp_path / "link.txt") as draft:
        draft.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_a_device_is_not_replaced():
    before = os.stat(os.devnull)
    with (
        pytest.raises(FileExistsError, match="it is a device or pipe; give a file name"),
        replacing(os.devnull),
    ):
        pass
    assert os.stat(os.devnull).st_ino == before.st_ino


def test_a_root_attribute_that_cannot_be_read_is_one_error(fit, tmp_path):
    """Of a type that NumPy has not, it made h5netcdf print a traceback besides."""
    path = fit.save(tmp_path / "model.nc")
    with h5py.File(path, "r+") as file:
        scalar = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5a.create(file.id, b"_nc3_strict", h5py.h5t.UNIX_D32LE, scalar)
    with pytest.raises(DataError, match=r"model\.nc' is damaged or not a model file"):
        load(path)
    gc.collect()


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"format_version": "one"},
        {"n_modes": 1.5e300},
        {"n_rows": "many"},
        {"prior": "[1, 2"},
        {"prior": '{"class": "Posterior"}'},
        {"prior": '{"class": "Normal"}'},
        {"prior": '"flat"'},
        {"prior": '{"class": "Prior", "concentration": "a"}'},
        {"structure": "round"},
    ],
    ids=str,
)
def test_attributes_that_say_nothing_are_damage(fit, change, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    rewritten(path, lambda tree: tree.attrs.update(change))
    with pytest.raises(DataError, match=r"model\.nc' is damaged") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_file_is_tried_without_being_touched(tmp_path):
    path = tmp_path / "scored.csv"
    check_file(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("former")
    check_file(path)
    assert path.read_text() == "former"
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_file(tmp_path / "absent" / "scored.csv")
    with pytest.raises(IsADirectoryError, match="it is a folder; give a file name"):
        check_file(tmp_path)


@pytest.fixture
def saved(posterior, tmp_path):
    return posterior.rename({"Segment 2": "Zweites, 100 %"}).save(tmp_path / "posterior.nc")


def test_a_posterior_comes_back_whole(posterior, saved):
    back = load(saved)
    assert isinstance(back, Posterior)
    assert back.names == ("Segment 1", "Zweites, 100 %")
    assert dict(back.provenance) == dict(posterior.provenance)
    assert np.array_equal(back.draws.theta, posterior.draws.theta)
    assert np.array_equal(back.labels.order, posterior.labels.order)
    assert np.array_equal(back.labels.confusion, posterior.labels.confusion)
    assert set(back.draws.stats) == set(posterior.draws.stats)
    for name in ("method", "sampler", "tune", "seed", "khat", "interrupted", "layout"):
        assert getattr(back.draws, name) == getattr(posterior.draws, name)
    assert same_mixture(back.mixture, posterior.mixture)
    assert back.fit.prior == posterior.fit.prior
    X = posterior.table.values
    assert np.array_equal(back.predict_proba(X), posterior.predict_proba(X))


def test_the_rows_stay_out_of_a_posteriors_file(posterior, saved):
    assert posterior.table is not None
    assert load(saved).table is None
    with xr.open_datatree(saved, engine="h5netcdf") as tree:
        assert "observed_data" not in tree.children
        assert all(posterior.table.n_rows not in node.sizes.values() for node in tree.subtree)


def test_a_posteriors_file_is_open_to_arviz(posterior, saved):
    with xr.open_datatree(saved, engine="h5netcdf") as tree:
        share = tree["posterior/weights"].sel(component="Zweites, 100 %").values
        assert np.array_equal(share, posterior.parameters.weights[..., 1])
        assert set(posterior.draws.stats) < set(tree["sample_stats"].data_vars)


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_truncated_posterior_is_refused_by_name(saved, kept):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"posterior\.nc' is damaged"):
        load(saved)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["labels", "fit", "unconstrained_posterior"])
def test_posterior_without_a_part_is_damaged(saved, part):
    rewritten(saved, lambda tree: tree.children[part].orphan())
    with pytest.raises(DataError, match=r"posterior\.nc' is damaged: "):
        load(saved)


def flipped(path, position, bit=0):
    whole = bytearray(path.read_bytes())
    whole[position] ^= 1 << bit
    path.write_bytes(whole)


CONTENTS = {
    "draws": lambda posterior: posterior.draws.theta.tobytes()[:-2],
    "means": lambda posterior: posterior.parameters.means.tobytes()[:-2],
    "order": lambda posterior: posterior.labels.order.tobytes()[:-7],
    "map": lambda posterior: posterior.mixture.covariances.tobytes()[:-2],
    "seed": lambda posterior: b'"seed": 7',
    "name": lambda posterior: b"Zweites",
}


@pytest.mark.parametrize("part", CONTENTS)
def test_a_bit_that_turned_over_is_found(posterior, saved, part):
    content = CONTENTS[part](posterior)
    start = saved.read_bytes().find(content)
    assert start > 0
    flipped(saved, start + len(content) - 1)
    with pytest.raises(
        DataError, match=r"posterior\.nc' is damaged: its contents differ from what was"
    ):
        load(saved)


@pytest.mark.slow
def test_whatever_bit_turns_over_nothing_else_is_read(posterior, saved):
    whole = saved.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for position in rng.choice(len(whole), 12, replace=False):
        saved.write_bytes(whole)
        flipped(saved, position, bit=int(rng.integers(8)))
        try:
            back = load(saved)
        except DataError:
            refused += 1
            continue
        assert np.array_equal(back.draws.theta, posterior.draws.theta)
        assert same_mixture(back.mixture, posterior.mixture)
        assert dict(back.provenance) == dict(posterior.provenance)
    assert refused > 6


def test_files_without_a_seal_are_read_as_ever(fit, saved, posterior, tmp_path):
    path = fit.save(tmp_path / "model.nc")
    for each in (path, saved):
        rewritten(each, lambda tree: tree.attrs.pop(CHECKSUM))
    assert same_mixture(load(path).mixture, fit.mixture)
    assert np.array_equal(load(saved).draws.theta, posterior.draws.theta)


def test_numbers_that_are_none_do_not_break_the_seal(fit, posterior, tmp_path):
    lost = dataclasses.replace(fit.modes[1], log_evidence=float("nan"))
    path = dataclasses.replace(fit, modes=(fit.modes[0], lost)).save(tmp_path / "fit.nc")
    assert np.isnan(load(path).modes[1].log_evidence)
    odd = np.array([np.nan, -np.nan, np.inf, -0.0, 5e-324])
    energy = np.resize(odd, posterior.draws.mode.shape)
    stats = {**posterior.draws.stats, "energy": energy, "depth": energy.astype("f4") > 0}
    draws = dataclasses.replace(posterior.draws, stats=stats)
    back = load(dataclasses.replace(posterior, draws=draws).save(tmp_path / "posterior.nc"))
    np.testing.assert_array_equal(back.draws.stats["energy"], energy)
    assert back.draws.stats["depth"].dtype == bool
