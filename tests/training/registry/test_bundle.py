import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.registry.arrays import DamagedArraysError, map_arrays, read_arrays, write_arrays
from training.registry.bundle import (
    MANIFEST,
    BundleError,
    Manifest,
    list_bundles,
    load_bundle,
    read_manifest,
    remove_leftovers,
    save_bundle,
)

MANIFEST_GIVEN = Manifest(
    data_hash="ab" * 32,
    as_of=datetime(2026, 3, 1, 12, tzinfo=UTC),
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
    seed=7,
    config={"engine": "local"},
    metrics={"ndcg@10": 0.5},
)
PARTS = {
    "suggestions": {
        "factors": np.arange(12, dtype=np.float32).reshape(3, 4),
        "residents/ids": np.array(["r1", "居民二", ""]),
        "half_life": np.array(7.5),
        "empty": np.zeros((0, 5), dtype=np.int64),
        "cold": np.array([True, False, True]),
        "since": np.array(["2026-01-01", "NaT"], dtype="datetime64[us]"),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    },
    "demand": {"rates": np.linspace(0, 1, 1000)},
}


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].dtype == right[name].dtype, name
        assert left[name].shape == right[name].shape, name
        np.testing.assert_array_equal(left[name], right[name])


@pytest.mark.parametrize("mmap", [True, False])
def test_a_bundle_comes_back_as_saved(tmp_path, mmap):
    written = save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    bundle = load_bundle(tmp_path / "v1", mmap=mmap)
    assert bundle.manifest == written
    assert bundle.manifest.as_of == MANIFEST_GIVEN.as_of
    assert bundle.manifest.metrics == {"ndcg@10": 0.5}
    assert bundle.manifest.parts["demand"] == {"rates": "<f8 (1000,)"}
    assert bundle.parts.keys() == PARTS.keys()
    for part in PARTS:
        assert_same(bundle.parts[part], PARTS[part])


@pytest.mark.parametrize("mmap", [True, False])
def test_arrays_are_read_only(tmp_path, mmap):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    for arrays in load_bundle(tmp_path / "v1", mmap=mmap).parts.values():
        for array in arrays.values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = array


def test_mapped_arrays_are_aligned_views_of_the_file(tmp_path):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    for name, array in load_bundle(tmp_path / "v1").parts["suggestions"].items():
        assert not array.flags.owndata, name
        assert array.ctypes.data % 64 == 0, name


def test_a_bundle_is_private(tmp_path):
    save_bundle(tmp_path / "b", PARTS, MANIFEST_GIVEN)
    paths = [tmp_path / "b", *(tmp_path / "b").iterdir()]
    assert len(paths) == 4
    assert [path.stat().st_mode & 0o077 for path in paths] == [0, 0, 0, 0]


def test_only_wanted_parts_are_opened(tmp_path):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    (tmp_path / "v1" / "suggestions.npz").unlink()
    assert list(load_bundle(tmp_path / "v1", parts=["demand"]).parts) == ["demand"]
    with pytest.raises(BundleError, match="cannot read"):
        load_bundle(tmp_path / "v1")
    with pytest.raises(BundleError, match="no part 'plans'"):
        load_bundle(tmp_path / "v1", parts=["plans"])


def test_the_same_content_gives_the_same_bytes(tmp_path):
    save_bundle(tmp_path / "a", PARTS, MANIFEST_GIVEN)
    save_bundle(tmp_path / "b", PARTS, MANIFEST_GIVEN)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_numpy_reads_the_files_too(tmp_path):
    write_arrays(tmp_path / "x.npz", PARTS["demand"])
    with np.load(tmp_path / "x.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["rates"], PARTS["demand"]["rates"])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
        hnp.arrays(
            st.one_of(
                hnp.floating_dtypes(endianness="="),
                hnp.integer_dtypes(endianness="="),
                hnp.boolean_dtypes(),
                hnp.unicode_string_dtypes(endianness="="),
                hnp.datetime64_dtypes(endianness="="),
            ),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        ),
        max_size=4,
    )
)
def test_any_plain_arrays_survive(arrays):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        write_arrays(path, arrays)
        assert_same(map_arrays(path), arrays)
        assert_same(read_arrays(path), arrays)


@pytest.mark.parametrize(
    "array",
    [np.array(["a", None], dtype=object), np.zeros(2, dtype=[("a", "i4")]), np.array([b"x"])],
    ids=["objects", "structured", "bytes"],
)
def test_what_would_need_a_pickle_is_refused_and_leaves_nothing(tmp_path, array):
    with pytest.raises(BundleError, match="does not keep"):
        save_bundle(tmp_path / "v1", {"suggestions": {"a": array}}, MANIFEST_GIVEN)
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_overwritten(tmp_path):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    with pytest.raises(BundleError, match="exists already"):
        save_bundle(tmp_path / "v1", {}, MANIFEST_GIVEN)
    assert load_bundle(tmp_path / "v1").manifest.seed == 7


def test_any_flipped_byte_is_found(tmp_path):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    path = tmp_path / "v1" / "demand.npz"
    content = bytearray(path.read_bytes())
    for at in (0, len(content) // 2, len(content) - 1):
        damaged = content.copy()
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match="damaged"):
            load_bundle(tmp_path / "v1")


@pytest.mark.parametrize("verify", [True, False])
def test_a_cut_off_file_is_found(tmp_path, verify):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    path = tmp_path / "v1" / "demand.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleError, match="damaged"):
        load_bundle(tmp_path / "v1", verify=verify)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "not one of a gongxu bundle"),
        ('{"format": "other"}', "not one of a gongxu bundle"),
        ('{"format": "gongxu-bundle", "format_version": 99}', "format version 99"),
        ('{"format": "gongxu-bundle", "format_version": 1}', "version 1 .*run `gongxu retrain`"),
        ('{"format": "gongxu-bundle", "format_version": 2}', "lacks or garbles"),
    ],
)
def test_a_foreign_manifest_is_refused(tmp_path, text, message):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    (tmp_path / "v1" / MANIFEST).write_text(text)
    with pytest.raises(BundleError, match=message):
        load_bundle(tmp_path / "v1")


def test_a_missing_bundle_says_what_to_do(tmp_path):
    with pytest.raises(BundleError, match=r"no bundle in .*retrain"):
        load_bundle(tmp_path / "nowhere")


def test_a_manifest_with_an_unlisted_file_is_refused(tmp_path):
    save_bundle(tmp_path / "v1", PARTS, MANIFEST_GIVEN)
    document = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    del document["files"]["demand.npz"]
    (tmp_path / "v1" / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(BundleError, match="does not list"):
        load_bundle(tmp_path / "v1")


def test_garbage_in_place_of_arrays_is_an_error_of_ours(tmp_path):
    path = tmp_path / "x.npz"
    for content in (b"", b"PK\x03\x04", os.urandom(500)):
        path.write_bytes(content)
        with pytest.raises(DamagedArraysError):
            map_arrays(path)
        with pytest.raises(DamagedArraysError):
            read_arrays(path)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    # A file size limit makes the kernel refuse the write as a full disk would.
    code = textwrap.dedent(f"""
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_bundle import MANIFEST_GIVEN
        from training.registry.bundle import BundleError, save_bundle
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        try:
            parts = {{"a": {{"x": np.zeros(10**6)}}}}
            save_bundle(Path({str(tmp_path)!r}) / "v1", parts, MANIFEST_GIVEN)
        except BundleError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "cannot write the bundle" in done.stdout, done.stderr
    assert "Free some space" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_told(tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(BundleError, match=r"cannot write the bundle .*make the folder writable"):
        save_bundle(tmp_path / "models" / "v1", PARTS, MANIFEST_GIVEN)


def test_a_kill_while_writing_leaves_no_bundle_and_the_next_run_cleans_up(tmp_path):
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        import numpy as np
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_bundle import MANIFEST_GIVEN
        from training.registry import arrays, bundle
        def stop(fd, sync=bundle.os.fsync):
            print("writing", flush=True)
            sys.stdin.read()
        bundle.os.fsync = stop
        parts = {{"a": {{"x": np.zeros(1000)}}}}
        bundle.save_bundle(Path({str(tmp_path)!r}) / "v1", parts, MANIFEST_GIVEN)
    """)
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout.readline() == "writing\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=30)
    finally:
        writer.kill()
        writer.communicate()
    assert list(list_bundles(tmp_path)) == []
    assert [path.name.startswith(".tmp-") for path in tmp_path.iterdir()] == [True]
    assert remove_leftovers(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_bundles_are_listed_and_damaged_ones_passed_over(tmp_path):
    save_bundle(tmp_path / "b", {}, MANIFEST_GIVEN)
    save_bundle(tmp_path / "a", {}, MANIFEST_GIVEN)
    (tmp_path / "c").mkdir()
    assert [name for name, _ in list_bundles(tmp_path)] == ["a", "b"]
    assert read_manifest(tmp_path / "a").data_hash == MANIFEST_GIVEN.data_hash
