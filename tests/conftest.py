"""What every test may ask for: a running instance, a browser, a page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import launched, office_context
from tests.support.instance import Instance


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _group(items)
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def _group(items: list[pytest.Item]) -> None:
    """Of tests that run in several processes, those of a file go together, and those of an office that takes minutes to
    type wherever they stand."""
    typed = {item.path for item in items if "typed_office" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("typed office" if item.path in typed else str(item.path)))


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
