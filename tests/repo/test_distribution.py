"""What is installed: the declared packages are all of them, pinned requirements are hashed, and the wheel is whole."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import EntryPoint, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["setuptools"]["packages"]
REQUIREMENTS = (ROOT / "deploy" / "requirements.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built beside the sources and not among them."""
    source = tmp_path_factory.mktemp("source")
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    for top in {package.partition(".")[0] for package in PACKAGES}:
        shutil.copytree(ROOT / top, source / top, ignore=shutil.ignore_patterns("__pycache__"))
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*words, "--wheel-dir", source, source], check=True, capture_output=True)
    (built,) = source.glob("*.whl")
    return zipfile.ZipFile(built)


def test_every_package_is_declared() -> None:
    """A folder with an `__init__.py` below our top levels is in pyproject.toml, or it would not be installed."""
    tops = {package.partition(".")[0] for package in PACKAGES}
    found = {path.parent.relative_to(ROOT) for top in tops for path in (ROOT / top).rglob("__init__.py")}
    assert {".".join(path.parts) for path in found} <= set(PACKAGES)


def test_the_wheel_is_whole(wheel: zipfile.ZipFile) -> None:
    """It has every module, the JSON Schemas, the shipped rules and the licence."""
    there = set(wheel.namelist())
    wanted = {path for top in ("schemas", "engine", "collectors", "actuators") for path in (ROOT / top).rglob("*.py")}
    wanted |= {*(ROOT / "schemas" / "json").glob("*.json"), *(ROOT / "rules").glob("**/*.yaml")}
    assert {path.relative_to(ROOT).as_posix() for path in wanted} <= there
    assert any(name.endswith("/LICENSE") for name in there)


def test_every_requirement_is_pinned_and_hashed() -> None:
    """Each has one version and at least one SHA-256."""
    pinned = REQUIREMENTS.replace("\\\n", "").splitlines()
    assert pinned
    assert [line for line in pinned if not re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_requirements_name_no_address() -> None:
    """Where files come from is for whoever installs them to say; their hashes do not depend on it."""
    assert "://" not in REQUIREMENTS
    assert "index-url" not in REQUIREMENTS


def test_every_dependency_is_pinned() -> None:
    """What pyproject.toml asks for is in requirements.txt, in a version that satisfies it."""
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", REQUIREMENTS, re.MULTILINE))
    extras = PYPROJECT["project"]["optional-dependencies"]
    asked = [Requirement(text) for text in [*PYPROJECT["project"]["dependencies"], *extras["engine"], *extras["dev"]]]
    for requirement in asked:
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_the_installed_version_is_this_one() -> None:
    """The environment that is tested is of these sources."""
    assert version("reflexarc") == PYPROJECT["project"]["version"]


def test_entry_points_can_be_loaded() -> None:
    """Every declared plugin is there, under the name that it gives itself; and what resolves secrets."""
    for group, declared in PYPROJECT["project"]["entry-points"].items():
        loaded = {name: EntryPoint(name, value, group).load() for name, value in declared.items()}
        if group != "reflexarc.secrets":
            assert {name: plugin.name for name, plugin in loaded.items()} == {name: name for name in declared}


def test_the_licence_is_there() -> None:
    """The file that pyproject.toml names holds the licence that it names."""
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
