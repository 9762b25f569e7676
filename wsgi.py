"""The application that gunicorn serves: the instance whose folder `KURA_FOLDER` names."""

import gc
import os
import sys
from pathlib import Path

from flask import Flask

from vault import catalogue
from vault.cli.serving import RESTS, check, keep_memory_private, keep_memory_small
from vault.config import load
from vault.errors import KuraError
from vault.services import memory
from vault.services.instance import Instance
from vault.services.resting import Rest
from vault.web.app import create_app
from vault.web.rehearsal import rehearse


def application(folder: Path) -> Flask:
    """The application of the instance in `folder`; raises NotReady with what to do."""
    keep_memory_private()
    keep_memory_small()
    os.umask(0o077)
    instance = Instance(load(folder))
    check(instance)
    if instance.has_begun():
        instance.files.finish()
    made = create_app(instance)
    rehearse(made, instance)
    # Connections and locks do not cross the fork that follows; what stays is shared by all workers.
    instance.engine.dispose()
    instance.keyring.let_go()
    instance.replaceable = True
    if RESTS in os.environ:
        instance.rest = Rest(instance.settings.run, instance.now())
    # A worker that nobody has asked anything yet locks idle sessions as well.
    os.register_at_fork(after_in_child=instance.keep)
    memory.give_back()
    gc.freeze()
    return made


try:
    app = application(Path(os.environ["KURA_FOLDER"]))
except KuraError as error:
    sys.exit(catalogue.sentence(catalogue.load("ja"), error))
