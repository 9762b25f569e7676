"""What every test may ask for: a running instance, a browser, a page."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support import compiled
from tests.support.browser import launched, office_context
from tests.support.instance import Instance

ROOT = Path(__file__).parents[1]
TYPED = "typed_office"  # the fixture's name, and its group's


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long as well")


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # one process does it for all
        compiled.lay_down()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(autouse=True)
def keeps_umask() -> Iterator[None]:
    """A command that runs within this process sets one of its own, which is not the next test's."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


class ByFile(LoadScopeScheduling):
    """Of tests that run in several processes, those of a file go together, for its fixtures begin an office once; and
    those of the office that takes minutes to type, wherever they stand.

    Not by `xdist_group`: what xdist 3.8 makes of that mark is lost on pytest 9.2, without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TYPED if TYPED in _source(file) else file


@cache
def _source(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.fixture
def new_instance(tmp_path: Path) -> Iterator[Callable[..., Instance]]:
    """Makes initialised, running instances of a test's own: `new_instance(workers=2)`, `new_instance(serve=False)`."""
    made: list[Instance] = []

    def make(workers: int = 1, serve: bool = True) -> Instance:
        place = tmp_path / f"office-{len(made)}"
        instance = Instance(folder=place / "instance", home=place / "home", workers=workers)
        made.append(instance)
        instance.init()
        if serve:
            instance.start()
        return instance

    yield make
    for instance in made:
        instance.stop()


@pytest.fixture(scope="module")
def running_instance(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for a module, with its first sign-in still to do.

    More workers by `@pytest.mark.parametrize("running_instance", [2], indirect=True)`.
    """
    place = tmp_path_factory.mktemp("office")
    instance = Instance(folder=place / "instance", home=place / "home", workers=getattr(request, "param", 1))
    instance.init()
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with launched(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles of a test's own, e.g. of a second person or with `java_script_enabled=False`."""
    made: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        made.append(office_context(browser, **options))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
