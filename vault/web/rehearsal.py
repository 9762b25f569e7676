"""Before the fork: what every worker would build for itself is built once and shared.

Templates are compiled, the words of a language loaded, routes matched; and CPython fits the code of a function to what
it is called with by writing into it, which after the fork costs each worker a copy of that memory.
"""

from __future__ import annotations

from flask import Flask

from vault.services.instance import Instance

TIMES = 20
PAGE = "/cookies"  # public, without a word of the office


def rehearse(app: Flask, instance: Instance) -> None:
    """Compile every template and answer a page that touches no key and no row a few times."""
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)
    instance.rehearsing = True
    try:
        visitor = app.test_client(use_cookies=False)
        for _ in range(TIMES):
            visitor.get(PAGE, base_url=instance.settings.address)
    finally:
        instance.rehearsing = False
